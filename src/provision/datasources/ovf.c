/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OVF environments: XML with properties, on a CD of the hypervisor or in VMware’s guestinfo.
 */
#include "base/fd.h"
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <string.h>

/* "oe:key" and "oe:value", whatever the prefix is called */
static const char *attribute(const gchar **names, const gchar **values, const char *wanted)
{
    for (int i = 0; names[i] != NULL; i++) {
        const char *colon = strchr(names[i], ':');
        if (strcmp(colon != NULL ? colon + 1 : names[i], wanted) == 0)
            return values[i];
    }
    return NULL;
}

static bool take_bytes(GBytes **field, const char *text)
{
    g_autoptr(GBytes) raw = g_bytes_new(text, strlen(text));
    GBytes *decoded = provision_source_from_base64(raw);
    if (decoded == NULL)
        return false;
    provision_source_set_bytes(field, decoded);
    return true;
}

static void on_start(GMarkupParseContext *context, const gchar *element, const gchar **names,
                     const gchar **values, gpointer data, GError **error)
{
    ProvisionInstance *instance = data;
    const char *colon = strchr(element, ':');
    const char *key = attribute(names, values, "key");
    const char *value = attribute(names, values, "value");
    (void)context;
    if (strcmp(colon != NULL ? colon + 1 : element, "Property") != 0 || key == NULL ||
        value == NULL || *value == '\0')
        return;
    if (strcmp(key, "instance-id") == 0)
        provision_source_set(&instance->id, g_strdup(value));
    else if (strcmp(key, "hostname") == 0 || strcmp(key, "local-hostname") == 0)
        provision_source_set(&instance->hostname, g_strdup(value));
    else if (strcmp(key, "password") == 0)
        provision_source_set(&instance->password, g_strdup(value));
    else if (strcmp(key, "public-keys") == 0)
        provision_source_add_key_lines(instance, value);
    else if ((strcmp(key, "user-data") == 0 && !take_bytes(&instance->user_data, value)) ||
             (strcmp(key, "network-config") == 0 && !take_bytes(&instance->network_config, value)))
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "the property “%s” of the OVF environment is not base64", key);
}

bool provision_ovf_read(GBytes *xml, ProvisionInstance *instance, GError **error)
{
    static const GMarkupParser parser = {.start_element = on_start};
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, instance, NULL);
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(xml, &size_bytes);
    g_autoptr(GError) local = NULL;
    if (text != NULL && g_markup_parse_context_parse(context, text, (gssize)size_bytes, &local) &&
        g_markup_parse_context_end_parse(context, &local))
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "the OVF environment: %s",
                local != NULL ? local->message : "it is empty");
    return false;
}

static bool has_volume(const ProvisionPlatform *platform)
{
    return provision_platform_has_seed(platform, "ovf") ||
           provision_platform_volume(platform, "OVF ENV") != NULL ||
           provision_platform_volume(platform, "OVFENV") != NULL;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    static const char *const seeds[] = {"ovf", NULL};
    static const char *const labels[] = {"OVF ENV", "OVFENV", NULL};
    (void)cancellable;
    base_autofd dir = provision_source_open_seed(env, seeds, labels, &instance->subplatform, error);
    if (dir < 0)
        return false;
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) xml = provision_source_read(dir, "ovf-env.xml", &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (xml == NULL)
        return provision_source_nothing(error, "‘%s’ has no ovf-env.xml", instance->subplatform);
    return provision_ovf_read(xml, instance, error) &&
           provision_source_finish(instance, "ovf", "iid-dsovf", error);
}

const ProvisionDatasource provision_source_ovf = {
    .name = "ovf",
    .title = "an OVF environment",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = has_volume,
    .fetch = fetch,
};
