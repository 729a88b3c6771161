/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * LXD and Incus: HTTP on a socket that the container or virtual machine has.
 */
#include "base/fd.h"
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"

#include <fcntl.h>
#include <string.h>

static const char *const bases[] = {"http://lxd", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return platform->has_lxd;
}

/* New names first: "cloud-init.*" count more than "user.*". */
static bool get_config(ProvisionService *service, const char *a, const char *b, GBytes **out_bytes,
                       GError **error)
{
    g_autofree char *first = g_strconcat("/1.0/config/", a, NULL);
    g_autofree char *second = b != NULL ? g_strconcat("/1.0/config/", b, NULL) : NULL;
    *out_bytes = NULL;
    if (!provision_service_get(service, first, out_bytes, error))
        return false;
    return *out_bytes != NULL || second == NULL ||
           provision_service_get(service, second, out_bytes, error);
}

static bool read_all(ProvisionService *service, ProvisionInstance *instance, GError **error)
{
    g_autoptr(ProvisionValue) data = NULL;
    if (!provision_service_get_value(service, "/1.0/meta-data", PROVISION_VALUE_YAML_1_1, &data,
                                     error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "the socket has no meta-data");
    provision_source_set(&instance->id, provision_source_text(data, "instance-id"));
    provision_source_set(&instance->hostname, provision_source_text(data, "local-hostname"));
    provision_source_add_keys(instance, provision_value_find(data, "public-keys"));
    provision_source_set_value(instance, g_steal_pointer(&data));
    return get_config(service, "cloud-init.user-data", "user.user-data", &instance->user_data,
                      error) &&
           get_config(service, "cloud-init.vendor-data", "user.vendor-data", &instance->vendor_data,
                      error) &&
           get_config(service, "cloud-init.network-config", "user.network-config",
                      &instance->network_config, error);
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    static const char *const sockets[] = {"dev/lxd/sock", "dev/incus/sock"};
    for (size_t i = 0; i < G_N_ELEMENTS(sockets); i++) {
        base_autofd socket = openat(env->root, sockets[i], O_PATH | O_CLOEXEC);
        if (socket < 0)
            continue;
        /* the root may not be ours: descriptors lead there */
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", socket);
        ProvisionService service = {
            .env = env, .bases = bases, .unix_socket = path, .cancellable = cancellable};
        provision_source_set(&instance->subplatform, g_strconcat("/", sockets[i], NULL));
        return read_all(&service, instance, error) &&
               provision_source_finish(instance, "lxd", NULL, error);
    }
    return provision_source_nothing(error, "there is no socket of LXD or Incus");
}

const ProvisionDatasource provision_source_lxd = {
    .name = "lxd",
    .title = "LXD or Incus",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = matches,
    .fetch = fetch,
};
