/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hetzner Cloud: metadata in YAML, the network as cloud-init's version 1.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <string.h>

static const char *const bases[] = {"http://169.254.169.254", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->sys_vendor, "Hetzner") == 0;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autoptr(ProvisionValue) data = NULL;
    g_autoptr(GBytes) user_data = NULL;
    if (!provision_service_get_value(&service, "/hetzner/v1/metadata", PROVISION_VALUE_YAML_1_1,
                                     &data, error) ||
        !provision_service_get(&service, "/hetzner/v1/userdata", &user_data, error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "Hetzner’s service knows no instance");
    provision_source_set(&instance->id, provision_source_text(data, "instance-id"));
    const char *serial = env->platform->product_serial;
    if (*serial != '\0' && matches(env->platform) && g_strcmp0(serial, instance->id) != 0) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "the metadata is of the instance ‘%s’, and this is ‘%s’",
                    instance->id != NULL ? instance->id : "", serial);
        return false;
    }
    provision_source_set(&instance->hostname, provision_source_text(data, "hostname"));
    provision_source_set(&instance->region, provision_source_text(data, "region"));
    provision_source_set(&instance->zone, provision_source_text(data, "availability-zone"));
    provision_source_add_keys(instance, provision_value_find(data, "public-keys"));
    provision_source_set_bytes(&instance->network_config,
                               provision_source_bytes(data, "network-config"));
    provision_source_set_bytes(&instance->vendor_data, provision_source_bytes(data, "vendor_data"));
    provision_source_set_bytes(&instance->user_data,
                               provision_source_maybe_base64(g_steal_pointer(&user_data)));
    provision_source_set_value(instance, g_steal_pointer(&data));
    provision_source_set(&instance->subplatform,
                         g_strconcat(provision_service_base(&service), "/hetzner/v1", NULL));
    return provision_source_finish(instance, "hetzner", NULL, error);
}

const ProvisionDatasource provision_source_hetzner = {
    .name = "hetzner",
    .title = "Hetzner Cloud",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
