/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * QEMU’s firmware configuration: what “-fw_cfg name=opt/com.coreos/config,file=…” gives.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"

#define CONFIG_PATH "sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw"

static bool matches(const ProvisionPlatform *platform)
{
    return platform->has_fw_cfg;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) local = NULL;
    (void)cancellable;
    g_autoptr(GBytes) config = provision_source_read(env->root, CONFIG_PATH, &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (config == NULL)
        return provision_source_nothing(error, "QEMU’s firmware has no opt/com.coreos/config");
    const char *uuid = env->platform->product_uuid;
    provision_source_set_bytes(&instance->user_data, g_steal_pointer(&config));
    provision_source_set(&instance->subplatform, g_strdup("/" CONFIG_PATH));
    provision_source_set(&instance->id, *uuid != '\0' ? g_strdup(uuid) : NULL);
    return provision_source_finish(instance, "qemu", "iid-qemu", error);
}

const ProvisionDatasource provision_source_fw_cfg = {
    .name = "qemu",
    .title = "QEMU’s firmware configuration",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = matches,
    .fetch = fetch,
};
