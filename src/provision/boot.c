/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a boot does before anything is applied: find the instance, keep it, configure the network.
 */
#include "provision/boot.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "provision/error.h"
#include "provision/networkd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NEEDS_NETWORK "needs-network"
#define CACHE "instance"
#define FINGERPRINT "fingerprint"
#define READY "ready"
#define MAX_SMALL_BYTES 65536

/* What a clone of the disk on another machine does not have. */
static char *fingerprint_of(const ProvisionPlatform *platform)
{
    const char *const fields[] = {platform->sys_vendor,        platform->product_name,
                                  platform->product_serial,    platform->product_uuid,
                                  platform->chassis_asset_tag, platform->hypervisor_uuid};
    const char *const args[] = {"ds", "ci.ds", "ignition.platform.id", "cloud-config-url", "cc:"};
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        g_checksum_update(sum, (const guchar *)fields[i], (gssize)strlen(fields[i]) + 1);
    for (size_t i = 0; i < G_N_ELEMENTS(args); i++) {
        const char *value = provision_platform_karg(platform, args[i]);
        value = value != NULL ? value : "";
        g_checksum_update(sum, (const guchar *)value, (gssize)strlen(value) + 1);
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* Without a UUID or serial number one machine is like another: nothing is kept for it. */
static bool is_distinct(const ProvisionPlatform *platform)
{
    return *platform->product_uuid != '\0' || *platform->product_serial != '\0' ||
           *platform->hypervisor_uuid != '\0';
}

static int open_dir(int root, const char *path, GError **error)
{
    if (!base_fd_make_dirs(root, path, 0700, error))
        return -1;
    int fd = base_fd_open_dir(root, path, error);
    if (fd >= 0 && fchmod(fd, 0700) != 0) {
        int saved_errno = errno;
        base_error_set_errno(error, saved_errno, "closing ‘/%s’ to others", path);
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool configure_network(const ProvisionBoot *boot, const ProvisionIdentity *identity,
                              const ProvisionInstance *instance, GError **error)
{
    g_autoptr(ProvisionNetwork) network = NULL;
    bool changed = false;
    if (identity->network_disabled)
        return true;
    if (instance != NULL && instance->network_config != NULL) {
        g_autoptr(GError) local = NULL;
        const ProvisionPlace at = {.source = provision_place_intern("network-config")};
        const char *source =
            instance->network_source != NULL ? instance->network_source : "network-config";
        g_autoptr(ProvisionValue) value = provision_value_parse(source, instance->network_config,
                                                                PROVISION_VALUE_YAML_1_1, &local);
        if (value != NULL)
            network = provision_network_read(value, boot->report);
        else
            provision_report_add(boot->report, &at, PROVISION_FAILED, "%s", local->message);
    }
    /* a configuration that is wrong must not leave the host where nobody reaches it */
    if (!provision_networkd_apply(network, boot->root, boot->report, &changed, error))
        return false;
    /* at first boot it has not started yet, and reads the files when it does */
    if (changed && boot->live && access("/run/systemd/netif/state", F_OK) == 0) {
        const char *const argv[] = {"networkctl", "reload", NULL};
        BaseRun run = {.argv = argv, .what = "telling systemd-networkd"};
        (void)!base_run(&run, NULL, NULL, NULL);
    }
    return true;
}

static bool keep(const ProvisionBoot *boot, const ProvisionIdentity *identity,
                 const ProvisionPlatform *platform, const ProvisionInstance *instance, bool cache,
                 GError **error)
{
    base_autofd run_dir = open_dir(boot->root, PROVISION_BOOT_RUN_DIR, error);
    if (run_dir < 0 || !base_fd_remove_tree(run_dir, NEEDS_NETWORK, error))
        return false;
    if (cache && is_distinct(platform)) {
        base_autofd dir = open_dir(boot->root, PROVISION_BOOT_STATE_DIR "/" CACHE, error);
        g_autofree char *fingerprint = fingerprint_of(platform);
        if (dir < 0 || !provision_instance_save(instance, dir, error) ||
            !base_fd_replace_file(dir, FINGERPRINT, fingerprint, strlen(fingerprint), 0600,
                                  BASE_FD_REPLACE_DEFAULT, error))
            return false;
    }
    return configure_network(boot, identity, instance, error) &&
           provision_instance_save(instance, run_dir, error);
}

/* (nullable): the instance of before, when this is the same machine */
static ProvisionInstance *find_kept(int root, const ProvisionPlatform *platform)
{
    g_autofree char *wanted = fingerprint_of(platform);
    base_autofd dir =
        openat(root, PROVISION_BOOT_STATE_DIR "/" CACHE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || !is_distinct(platform))
        return NULL;
    g_autoptr(GBytes) have = base_fd_read_file(dir, FINGERPRINT, MAX_SMALL_BYTES, NULL);
    if (have == NULL || strcmp(g_bytes_get_data(have, NULL), wanted) != 0)
        return NULL;
    return provision_instance_load(dir, NULL);
}

static void settle(void)
{
    const char *const argv[] = {"udevadm", "settle", "--timeout=20", NULL};
    BaseRun run = {.argv = argv, .what = "waiting for devices"};
    (void)!base_run(&run, NULL, NULL, NULL);
}

/* A CD may come up while we look: before a host is said to have nothing, its devices are waited
 * for. */
static bool read_machine(const ProvisionBoot *boot, ProvisionPlatform **out_platform,
                         ProvisionIdentity **out_identity, GError **error)
{
    for (int i = 0; i < 2; i++) {
        g_autoptr(ProvisionPlatform) platform = provision_platform_read(boot->root, error);
        g_autoptr(ProvisionIdentity) identity =
            platform != NULL ? provision_identify(platform, boot->root, error) : NULL;
        if (identity == NULL)
            return false;
        bool unsure = identity->probing || (identity->disabled && identity->datasources->len == 0);
        bool by_owner = identity->disabled && !g_str_has_prefix(identity->reason, "nothing says");
        if (i == 0 && boot->live && unsure && !by_owner) {
            settle();
            continue;
        }
        *out_platform = g_steal_pointer(&platform);
        *out_identity = g_steal_pointer(&identity);
        return true;
    }
    return false;
}

static bool want_network(const ProvisionBoot *boot, const ProvisionIdentity *identity,
                         GError **error)
{
    base_autofd run_dir = open_dir(boot->root, PROVISION_BOOT_RUN_DIR, error);
    return run_dir >= 0 &&
           base_fd_replace_file(run_dir, NEEDS_NETWORK, "", 0, 0600, BASE_FD_REPLACE_NO_SYNC,
                                error) &&
           configure_network(boot, identity, NULL, error);
}

static ProvisionDatasourceEnv make_env(const ProvisionBoot *boot, const ProvisionPlatform *platform)
{
    return (ProvisionDatasourceEnv){.platform = platform,
                                    .root = boot->root,
                                    .endpoint = boot->endpoint,
                                    .deadline_us = g_get_monotonic_time() + boot->timeout_us};
}

bool provision_boot_local(const ProvisionBoot *boot, ProvisionBootState *out_state,
                          GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionPlatform) platform = NULL;
    g_autoptr(ProvisionIdentity) identity = NULL;
    g_autoptr(GError) local = NULL;
    if (!read_machine(boot, &platform, &identity, error))
        return false;
    *out_state = PROVISION_BOOT_NOTHING;
    if (identity->disabled)
        return true;
    ProvisionDatasourceEnv env = make_env(boot, platform);
    g_autoptr(ProvisionInstance) instance = provision_identity_fetch(
        identity, &env, PROVISION_DATASOURCE_LOCAL, NULL, cancellable, &local);
    if (instance == NULL && !g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    bool asks = instance == NULL && provision_identity_needs_network(identity);
    if (asks)
        instance = find_kept(boot->root, platform);
    if (instance != NULL) {
        *out_state = PROVISION_BOOT_READY;
        return keep(boot, identity, platform, instance, false, error);
    }
    if (!asks)
        return true;
    *out_state = PROVISION_BOOT_NEEDS_NETWORK;
    return want_network(boot, identity, error);
}

bool provision_boot_network(const ProvisionBoot *boot, ProvisionBootState *out_state,
                            GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionPlatform) platform = NULL;
    g_autoptr(ProvisionIdentity) identity = NULL;
    g_autoptr(GError) local = NULL;
    const char *flag = PROVISION_BOOT_RUN_DIR "/" NEEDS_NETWORK;
    *out_state = PROVISION_BOOT_NOTHING;
    if (faccessat(boot->root, flag, F_OK, 0) != 0) {
        if (faccessat(boot->root, PROVISION_BOOT_RUN_DIR "/instance.json", F_OK, 0) == 0)
            *out_state = PROVISION_BOOT_READY;
        return true;
    }
    platform = provision_platform_read(boot->root, error);
    identity = platform != NULL ? provision_identify(platform, boot->root, error) : NULL;
    if (identity == NULL)
        return false;
    ProvisionDatasourceEnv env = make_env(boot, platform);
    g_autoptr(ProvisionInstance) instance = provision_identity_fetch(
        identity, &env, PROVISION_DATASOURCE_LOCAL | PROVISION_DATASOURCE_NETWORK, NULL,
        cancellable, &local);
    if (instance == NULL && g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND))
        return true;
    if (instance == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    *out_state = PROVISION_BOOT_READY;
    return keep(boot, identity, platform, instance, true, error);
}

bool provision_boot_ready(const ProvisionBoot *boot, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) local = NULL;
    base_autofd run_dir = open_dir(boot->root, PROVISION_BOOT_RUN_DIR, error);
    base_autofd state_dir =
        run_dir >= 0 ? open_dir(boot->root, PROVISION_BOOT_STATE_DIR, error) : -1;
    if (state_dir < 0)
        return false;
    g_autoptr(ProvisionInstance) instance = provision_instance_load(run_dir, &local);
    if (instance == NULL)
        return true;
    const ProvisionDatasource *source = provision_datasource_find(instance->platform);
    g_autoptr(GBytes) told = base_fd_read_file(state_dir, READY, MAX_SMALL_BYTES, NULL);
    if (source == NULL || source->ready == NULL ||
        (told != NULL && strcmp(g_bytes_get_data(told, NULL), instance->id) == 0))
        return true;
    g_autoptr(ProvisionPlatform) platform = provision_platform_read(boot->root, error);
    if (platform == NULL)
        return false;
    ProvisionDatasourceEnv env = make_env(boot, platform);
    return source->ready(&env, instance, cancellable, error) &&
           base_fd_replace_file(state_dir, READY, instance->id, strlen(instance->id), 0600,
                                BASE_FD_REPLACE_DEFAULT, error);
}
