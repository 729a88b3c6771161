/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes a staged deployment the one that starts next, when the host shuts down.
 */
#include "host/finalize.h"

#include "base/error.h"
#include "base/fd.h"
#include "host/error.h"
#include "host/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* while it is finalised: libostree must not see it, and does not throw it away then */
#define TAKEN_PATH HOST_STAGED_PATH ".atoll"
#define STAGED_MAX_BYTES (1024 * 1024)

static bool read_staged(HostStaged *out, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, TAKEN_PATH, STAGED_MAX_BYTES, error);
    return bytes != NULL && host_staged_parse(bytes, out, error);
}

static bool load_origin(const HostSysroot *sysroot, OstreeDeployment *deployment, GError **error)
{
    g_autoptr(GKeyFile) origin = g_key_file_new();
    g_autofree char *path = ostree_deployment_get_origin_relpath(deployment);
    g_autoptr(GBytes) bytes =
        base_fd_read_file(ostree_sysroot_get_fd(sysroot->ostree), path, STAGED_MAX_BYTES, error);
    if (bytes == NULL || !g_key_file_load_from_bytes(origin, bytes, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "reading its origin: ");
        return false;
    }
    ostree_deployment_set_origin(deployment, origin);
    return true;
}

/* What systemd's units for a first start after an update wait for must not be there. */
static bool forget_updated(int root_dfd, GError **error)
{
    const struct {
        int dfd;
        const char *path;
    } stamps[] = {{root_dfd, "etc/.updated"}, {AT_FDCWD, "/var/.updated"}};
    for (size_t i = 0; i < G_N_ELEMENTS(stamps); i++) {
        if (unlinkat(stamps[i].dfd, stamps[i].path, 0) != 0 && errno != ENOENT) {
            int saved_errno = errno;
            return base_error_set_errno(error, saved_errno, "removing ‘%s’", stamps[i].path);
        }
    }
    return true;
}

static bool merge_etc(const HostSysroot *sysroot, const HostStaged *staged, HostEtcMerge *out,
                      GError **error)
{
    base_autofd old_dfd = host_sysroot_open_root(sysroot, sysroot->booted, error);
    base_autofd new_dfd =
        old_dfd >= 0 ? host_sysroot_open_root(sysroot, staged->target, error) : -1;
    if (new_dfd < 0)
        return false;
    if (faccessat(new_dfd, "usr/etc/selinux/config", F_OK, 0) == 0 ||
        faccessat(old_dfd, "etc/selinux/config", F_OK, 0) == 0)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "its files have to be labelled for SELinux");
    base_autofd defaults_dfd = base_fd_open_dir(old_dfd, "usr/etc", error);
    base_autofd local_dfd = defaults_dfd >= 0 ? base_fd_open_dir(old_dfd, "etc", error) : -1;
    base_autofd etc_dfd = local_dfd >= 0 ? base_fd_open_dir(new_dfd, "etc", error) : -1;
    if (etc_dfd < 0)
        return false;
    if (!host_etc_merge(defaults_dfd, local_dfd, etc_dfd, out, error)) {
        g_prefix_error(error, "merging /etc: ");
        return false;
    }
    return forget_updated(new_dfd, error);
}

static HostSysroot *finalize(HostEtcMerge *out_merge, GCancellable *cancellable, GError **error)
{
    g_auto(HostStaged) staged = {0};
    if (!read_staged(&staged, error))
        return NULL;
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(NULL, HOST_SYSROOT_WRITE, cancellable, error);
    if (sysroot == NULL)
        return NULL;
    if (sysroot->booted == NULL || !ostree_deployment_equal(staged.merge, sysroot->booted)) {
        host_error_set(error, HOST_ERROR_FAILED,
                       "it is to get the /etc of another deployment than runs");
        return NULL;
    }
    if (!load_origin(sysroot, staged.target, error) ||
        !merge_etc(sysroot, &staged, out_merge, error) ||
        !ostree_sysroot_deployment_set_mutable(sysroot->ostree, staged.target, FALSE, cancellable,
                                               error) ||
        !ostree_sysroot_simple_write_deployment(
            sysroot->ostree, ostree_deployment_get_osname(staged.target), staged.target,
            sysroot->booted, OSTREE_SYSROOT_SIMPLE_WRITE_DEPLOYMENT_FLAGS_NO_CLEAN, cancellable,
            error))
        return NULL;
    /* it has been loaded anew */
    sysroot->booted = ostree_sysroot_get_booted_deployment(sysroot->ostree);
    return g_steal_pointer(&sysroot);
}

HostSysroot *host_finalize(HostEtcMerge *out_merge, GCancellable *cancellable, GError **error)
{
    *out_merge = (HostEtcMerge){0};
    if (rename(HOST_STAGED_PATH, TAKEN_PATH) != 0) {
        int saved_errno = errno;
        base_error_set_errno(error, saved_errno, "taking ‘%s’", HOST_STAGED_PATH);
        return NULL;
    }
    g_autoptr(HostSysroot) sysroot = finalize(out_merge, cancellable, error);
    /* a link does not take the place of what somebody has staged since */
    if (sysroot == NULL && link(TAKEN_PATH, HOST_STAGED_PATH) != 0)
        g_prefix_error(error, "it is not staged any more (%s): ", g_strerror(errno));
    (void)unlink(TAKEN_PATH);
    return g_steal_pointer(&sysroot);
}

bool host_finalize_clean(const HostSysroot *sysroot, GCancellable *cancellable, GError **error)
{
    if (ostree_sysroot_prepare_cleanup(sysroot->ostree, cancellable, error))
        return true;
    g_prefix_error(error, "removing what no boot entry leads to: ");
    return false;
}
