/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The spec's rules for resources, the section ignition, users, and what all sections share.
 */
#include "provision/ignition/rules.h"

#include "provision/data-url.h"

#include <string.h>

void provision_ignition_rules_fail(ProvisionIgnitionRules *self, const ProvisionPlace *at,
                                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    provision_report_add(self->report, at, PROVISION_FAILED, "%s", message);
    self->good = false;
}

static const ProvisionValue *of_kind(const ProvisionValue *map, const char *key,
                                     ProvisionValueKind kind)
{
    const ProvisionValue *value = provision_value_find(map, key);
    return value != NULL && value->kind == kind ? value : NULL;
}

const char *provision_ignition_text(const ProvisionValue *map, const char *key)
{
    const ProvisionValue *value = of_kind(map, key, PROVISION_VALUE_STRING);
    return value != NULL ? value->text : NULL;
}

const char *provision_ignition_nonempty(const ProvisionValue *map, const char *key)
{
    const char *text = provision_ignition_text(map, key);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

int64_t provision_ignition_number(const ProvisionValue *map, const char *key, int64_t fallback)
{
    const ProvisionValue *value = of_kind(map, key, PROVISION_VALUE_INT);
    return value != NULL ? value->integer : fallback;
}

int provision_ignition_flag(const ProvisionValue *map, const char *key)
{
    const ProvisionValue *value = of_kind(map, key, PROVISION_VALUE_BOOL);
    return value == NULL ? -1 : value->boolean;
}

unsigned provision_ignition_items(const ProvisionValue *map, const char *key)
{
    const ProvisionValue *list = of_kind(map, key, PROVISION_VALUE_LIST);
    return list == NULL ? 0 : list->items->len;
}

const ProvisionValue *provision_ignition_item(const ProvisionValue *map, const char *key,
                                              unsigned index)
{
    const ProvisionValue *list = of_kind(map, key, PROVISION_VALUE_LIST);
    g_assert(list != NULL && index < list->items->len);
    return list->items->pdata[index];
}

static bool is_clean(const char *path)
{
    size_t length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
        return false;
    for (const char *p = path; p != NULL; p = strchr(p + 1, '/')) {
        size_t n = strcspn(p + 1, "/");
        if ((n == 0 && p[1] == '/') || (n == 1 && p[1] == '.') ||
            (n == 2 && p[1] == '.' && p[2] == '.'))
            return false;
    }
    return true;
}

void provision_ignition_rules_path(ProvisionIgnitionRules *self, const ProvisionValue *map,
                                   const char *key)
{
    const ProvisionValue *value = provision_value_find(map, key);
    const char *path = provision_ignition_text(map, key);
    if (path == NULL)
        return;
    if (path[0] == '\0')
        provision_ignition_rules_fail(self, &value->at, "a path is wanted");
    else if (path[0] != '/')
        provision_ignition_rules_fail(self, &value->at, "‘%s’ is not an absolute path", path);
    else if (!is_clean(path))
        provision_ignition_rules_fail(
            self, &value->at, "‘%s’ is not simplified: no “.”, “..”, “//” or “/” at the end", path);
}

static void check_data_url(ProvisionIgnitionRules *self, const ProvisionValue *source)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = provision_data_url_decode(source->text, &local);
    if (bytes == NULL)
        provision_ignition_rules_fail(self, &source->at, "%s", local->message);
}

static void check_source(ProvisionIgnitionRules *self, const ProvisionValue *source)
{
    static const char *const schemes[] = {"http", "https", "tftp", NULL};
    g_autofree char *scheme = g_uri_parse_scheme(source->text);
    if (scheme != NULL && g_ascii_strcasecmp(scheme, "data") == 0) {
        check_data_url(self, source);
    } else if (scheme != NULL && ((strcmp(scheme, "s3") == 0) || strcmp(scheme, "arn") == 0)) {
        if ((strcmp(scheme, "arn") == 0 && (self->minor < 4 || strchr(source->text, '/') == NULL)))
            provision_ignition_rules_fail(self, &source->at, "not an object of a bucket%s",
                                          self->minor < 4 ? ": arn: came with spec 3.4.0" : "");
    } else if (scheme != NULL && strcmp(scheme, "gs") == 0) {
        provision_report_add(self->report, &source->at, PROVISION_UNSUPPORTED,
                             "gs: URLs are not fetched: write "
                             "https://storage.googleapis.com/BUCKET/OBJECT");
    } else if (scheme == NULL || !g_strv_contains(schemes, scheme)) {
        provision_ignition_rules_fail(self, &source->at,
                                      "a URL of data:, http:, https:, tftp: or s3: is wanted");
    } else if (!g_uri_is_valid(source->text, G_URI_FLAGS_ENCODED, NULL)) {
        provision_ignition_rules_fail(self, &source->at, "not a URL");
    }
}

static void check_hash(ProvisionIgnitionRules *self, const ProvisionValue *hash)
{
    const char *dash = strchr(hash->text, '-');
    size_t wanted = 0;
    if (g_str_has_prefix(hash->text, "sha512-"))
        wanted = 128;
    else if (g_str_has_prefix(hash->text, "sha256-") && self->minor >= 1)
        wanted = 64;
    if (dash == NULL || wanted == 0)
        provision_ignition_rules_fail(self, &hash->at,
                                      self->minor >= 1 ? "sha512-HEX or sha256-HEX is wanted"
                                                       : "sha512-HEX is wanted");
    else if (strlen(dash + 1) != wanted || strspn(dash + 1, "0123456789abcdefABCDEF") != wanted)
        provision_ignition_rules_fail(self, &hash->at, "%zu hexadecimal digits are wanted", wanted);
}

static void check_headers(ProvisionIgnitionRules *self, const ProvisionValue *resource)
{
    const ProvisionValue *list = provision_value_find(resource, "httpHeaders");
    const char *source = provision_ignition_nonempty(resource, "source");
    unsigned n = provision_ignition_items(resource, "httpHeaders");
    if (n > 0 && (source == NULL ||
                  (!g_str_has_prefix(source, "http:") && !g_str_has_prefix(source, "https:"))))
        provision_ignition_rules_fail(self, &list->at, "headers are for http: and https: only");
    for (unsigned i = 0; i < n; i++) {
        const ProvisionValue *header = provision_ignition_item(resource, "httpHeaders", i);
        const char *name = provision_ignition_text(header, "name");
        const char *value = provision_ignition_text(header, "value");
        if (name == NULL || name[0] == '\0' || strpbrk(name, " :\r\n\t") != NULL)
            provision_ignition_rules_fail(self, &header->at, "not the name of a header");
        if (value != NULL && (value[0] == '\0' || strpbrk(value, "\r\n") != NULL))
            provision_ignition_rules_fail(self, &header->at, "not the value of a header");
    }
}

void provision_ignition_rules_resource(ProvisionIgnitionRules *self, const ProvisionValue *resource)
{
    if (resource == NULL || resource->kind != PROVISION_VALUE_MAP)
        return;
    const ProvisionValue *compression = provision_value_find(resource, "compression");
    const ProvisionValue *verification = provision_value_find(resource, "verification");
    const ProvisionValue *hash = of_kind(verification, "hash", PROVISION_VALUE_STRING);
    const char *text = provision_ignition_nonempty(resource, "compression");
    if (text != NULL && strcmp(text, "gzip") != 0)
        provision_ignition_rules_fail(self, &compression->at, "‘gzip’ is wanted");
    if (hash != NULL)
        check_hash(self, hash);
    if (hash != NULL && provision_ignition_text(resource, "source") == NULL)
        provision_ignition_rules_fail(self, &hash->at, "there is no source that it could be of");
    if (provision_ignition_nonempty(resource, "source") != NULL)
        check_source(self, provision_value_find(resource, "source"));
    check_headers(self, resource);
}

static void check_resources(ProvisionIgnitionRules *self, const ProvisionValue *map,
                            const char *key)
{
    for (unsigned i = 0; i < provision_ignition_items(map, key); i++) {
        const ProvisionValue *resource = provision_ignition_item(map, key, i);
        provision_ignition_rules_resource(self, resource);
        if (provision_ignition_nonempty(resource, "source") == NULL)
            provision_ignition_rules_fail(self, &resource->at, "‘source’ is missing");
    }
}

static void check_proxy(ProvisionIgnitionRules *self, const ProvisionValue *proxy, const char *key)
{
    const char *url = provision_ignition_text(proxy, key);
    const ProvisionValue *value = provision_value_find(proxy, key);
    if (url != NULL && !g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://"))
        provision_ignition_rules_fail(self, &value->at, "an http: or https: URL is wanted");
}

bool provision_ignition_check_rules(const ProvisionValue *config, unsigned minor,
                                    ProvisionReport *report)
{
    ProvisionIgnitionRules self = {.report = report, .minor = minor, .good = true};
    const ProvisionValue *ignition = provision_value_find(config, "ignition");
    const ProvisionValue *references = provision_value_find(ignition, "config");
    const ProvisionValue *proxy = provision_value_find(ignition, "proxy");
    const ProvisionValue *security = provision_value_find(ignition, "security");
    check_resources(&self, references, "merge");
    provision_ignition_rules_resource(&self, provision_value_find(references, "replace"));
    check_resources(&self, provision_value_find(security, "tls"), "certificateAuthorities");
    check_proxy(&self, proxy, "httpProxy");
    check_proxy(&self, proxy, "httpsProxy");
    provision_ignition_rules_storage(&self, config);
    provision_ignition_rules_disks(&self, provision_value_find(config, "storage"));
    provision_ignition_rules_units(&self, provision_value_find(config, "systemd"));
    return self.good;
}
