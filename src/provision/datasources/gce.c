/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Google Compute Engine: the metadata server, as trees of JSON.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <string.h>

static const char *const bases[] = {"http://metadata.google.internal", "http://169.254.169.254",
                                    NULL};
static const char *const headers[] = {"Metadata-Flavor: Google", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->product_name, "Google Compute Engine") == 0 ||
           g_str_has_prefix(platform->product_serial, "GoogleCloud-");
}

/* "… google-ssh {"userName":"…","expireOn":"2027-01-01T00:00:00+0000"}" */
static bool has_expired(const char *key)
{
    const char *expiry = strstr(key, "google-ssh");
    expiry = expiry != NULL ? strstr(expiry, "\"expireOn\"") : NULL;
    if (expiry == NULL)
        return false;
    const char *begin = strchr(expiry + strlen("\"expireOn\""), '"');
    const char *end = begin != NULL ? strchr(begin + 1, '"') : NULL;
    if (end == NULL)
        return true;
    g_autofree char *text = g_strndup(begin + 1, (gsize)(end - begin - 1));
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return when == NULL || g_date_time_compare(when, now) <= 0;
}

/* "USER:KEY" a line. Whoever may put keys there is an administrator of the host, whatever the
 * user's name: as afterburn does, all of them are the default user's. */
static void add_keys(ProvisionInstance *instance, const char *text)
{
    g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;
    for (char **line = lines; line != NULL && *line != NULL; line++) {
        const char *colon = strchr(*line, ':');
        const char *blank = strpbrk(*line, " \t");
        if (colon == NULL || (blank != NULL && blank < colon) || has_expired(colon + 1))
            continue;
        provision_source_add_key_lines(instance, colon + 1);
    }
}

static const char *attribute(const ProvisionValue *tree, const char *name)
{
    const ProvisionValue *attributes =
        tree != NULL ? provision_value_find(tree, "attributes") : NULL;
    const ProvisionValue *value =
        attributes != NULL ? provision_value_find(attributes, name) : NULL;
    return value != NULL && value->kind == PROVISION_VALUE_STRING ? value->text : NULL;
}

static bool take_user_data(ProvisionInstance *instance, const ProvisionValue *tree, GError **error)
{
    const char *text = attribute(tree, "user-data");
    const char *encoding = attribute(tree, "user-data-encoding");
    if (text == NULL)
        return true;
    g_autoptr(GBytes) raw = g_bytes_new(text, strlen(text));
    if (encoding != NULL && strcmp(encoding, "base64") == 0) {
        GBytes *decoded = provision_source_from_base64(raw);
        if (decoded == NULL) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "the attribute “user-data” is not base64, as “user-data-encoding” says");
            return false;
        }
        provision_source_set_bytes(&instance->user_data, decoded);
    } else if (encoding != NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "the attribute “user-data-encoding” is ‘%.32s’: it can be “base64”", encoding);
        return false;
    } else {
        provision_source_set_bytes(&instance->user_data, g_steal_pointer(&raw));
    }
    return true;
}

static char *last_part(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    return g_strdup(slash != NULL ? slash + 1 : path);
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {
        .env = env, .bases = bases, .headers = headers, .cancellable = cancellable};
    g_autoptr(ProvisionValue) host = NULL;
    g_autoptr(ProvisionValue) project = NULL;
    if (!provision_service_get_value(&service, "/computeMetadata/v1/instance/?recursive=true",
                                     PROVISION_VALUE_JSON, &host, error) ||
        !provision_service_get_value(&service, "/computeMetadata/v1/project/?recursive=true",
                                     PROVISION_VALUE_JSON, &project, error))
        return false;
    if (host == NULL)
        return provision_source_nothing(error, "the metadata server knows no instance");
    provision_source_set(&instance->id, provision_source_text(host, "id"));
    provision_source_set(&instance->hostname, provision_source_text(host, "hostname"));
    g_autofree char *zone = provision_source_text(host, "zone");
    provision_source_set(&instance->zone, last_part(zone));
    const char *dash = instance->zone != NULL ? strrchr(instance->zone, '-') : NULL;
    if (dash != NULL)
        provision_source_set(&instance->region,
                             g_strndup(instance->zone, (gsize)(dash - instance->zone)));
    add_keys(instance, attribute(host, "ssh-keys"));
    add_keys(instance, attribute(host, "sshKeys"));
    const char *block = attribute(host, "block-project-ssh-keys");
    if (block == NULL || g_ascii_strcasecmp(block, "true") != 0) {
        add_keys(instance, attribute(project, "ssh-keys"));
        add_keys(instance, attribute(project, "sshKeys"));
    }
    if (!take_user_data(instance, host, error))
        return false;
    provision_source_set_value(instance, g_steal_pointer(&host));
    provision_source_set(&instance->subplatform, g_strdup(provision_service_base(&service)));
    return provision_source_finish(instance, "gce", NULL, error);
}

const ProvisionDatasource provision_source_gce = {
    .name = "gce",
    .title = "Google Compute Engine",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
