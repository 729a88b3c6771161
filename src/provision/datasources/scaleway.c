/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scaleway: answers only those who come from a port below 1024, which proves that root asks.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <string.h>

#define TAG_PREFIX "AUTHORIZED_KEY="
#define HIGHEST_PORT 1023

static const char *const bases[] = {"http://169.254.42.42", "http://[fd00:42::42]", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->sys_vendor, "Scaleway") == 0 ||
           provision_platform_karg(platform, "scaleway") != NULL;
}

static void add_keys(ProvisionInstance *instance, const ProvisionValue *data)
{
    const ProvisionValue *keys = provision_value_find(data, "ssh_public_keys");
    for (guint i = 0; keys != NULL && keys->items != NULL && i < keys->items->len; i++) {
        g_autofree char *key = provision_source_text(g_ptr_array_index(keys->items, i), "key");
        provision_source_add_key_lines(instance, key);
    }
    const ProvisionValue *tags = provision_value_find(data, "tags");
    for (guint i = 0; tags != NULL && tags->items != NULL && i < tags->items->len; i++) {
        const ProvisionValue *tag = g_ptr_array_index(tags->items, i);
        if (tag->text == NULL || !g_str_has_prefix(tag->text, TAG_PREFIX))
            continue;
        g_autofree char *key = g_strdup(tag->text + strlen(TAG_PREFIX));
        provision_source_add_key_lines(instance, g_strdelimit(key, "_", ' '));
    }
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autoptr(ProvisionValue) data = NULL;
    g_autoptr(GBytes) user_data = NULL;
    g_autoptr(GBytes) vendor_data = NULL;
    if (!provision_service_get_value(&service, "/conf?format=json", PROVISION_VALUE_JSON, &data,
                                     error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "Scaleway’s service knows no instance");
    service.local_port = HIGHEST_PORT;
    if (!provision_service_get(&service, "/user_data/cloud-init", &user_data, error) ||
        !provision_service_get(&service, "/vendor_data/cloud-init", &vendor_data, error))
        return false;
    provision_source_set(&instance->id, provision_source_text(data, "id"));
    provision_source_set(&instance->hostname, provision_source_text(data, "hostname"));
    provision_source_set(&instance->zone, provision_source_text(data, "location.zone_id"));
    add_keys(instance, data);
    provision_source_set_bytes(&instance->user_data, g_steal_pointer(&user_data));
    provision_source_set_bytes(&instance->vendor_data, g_steal_pointer(&vendor_data));
    provision_source_set_value(instance, g_steal_pointer(&data));
    provision_source_set(&instance->subplatform, g_strdup(provision_service_base(&service)));
    return provision_source_finish(instance, "scaleway", NULL, error);
}

const ProvisionDatasource provision_source_scaleway = {
    .name = "scaleway",
    .title = "Scaleway",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
