/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Full disks: seen early, said clearly, and not kept full by what was half fetched.
 */
#include "host/space.h"

#include "base/fd.h"
#include "host/error.h"
#include "host/sizes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static uint64_t free_bytes(const HostSysroot *sysroot)
{
    struct statvfs status;
    if (fstatvfs(ostree_repo_get_dfd(sysroot->repo), &status) != 0)
        return UINT64_MAX; /* not known: then it is tried */
    return (uint64_t)status.f_bavail * status.f_frsize;
}

uint64_t host_space_available(const HostSysroot *sysroot)
{
    uint64_t reserve = 0, available = free_bytes(sysroot);
    (void)ostree_repo_get_min_free_space_bytes(sysroot->repo, &reserve, NULL);
    return available > reserve ? available - reserve : 0;
}

bool host_space_check(const HostSysroot *sysroot, const HostCommit *commit, GError **error)
{
    g_autoptr(GPtrArray) list = host_sizes_load(commit);
    if (list == NULL)
        return true; /* the commit does not say */
    uint64_t needed = host_sizes_missing(sysroot->repo, list).disk_bytes;
    uint64_t available = host_space_available(sysroot);
    if (needed <= available)
        return true;
    g_autofree char *needed_text = g_format_size(needed);
    g_autofree char *available_text = g_format_size(available);
    return host_error_set(error, HOST_ERROR_NO_SPACE, "it needs %s, and there are %s", needed_text,
                          available_text);
}

void host_space_explain(const HostSysroot *sysroot, GError **error)
{
    if (error == NULL || *error == NULL || !host_error_is_no_space(*error))
        return;
    g_autoptr(GError) cause = g_steal_pointer(error);
    g_autofree char *free_text = g_format_size(free_bytes(sysroot));
    host_error_set(
        error, HOST_ERROR_NO_SPACE,
        "not enough space in sysroot ‘%s’ (%s free): %s; nothing was changed: remove an "
        "old deployment with ‘atoll-host cleanup --rollback’, free space in /var or enlarge "
        "the disk, then try again",
        sysroot->path, free_text, cause->message);
}

static void drop_staging(int tmp_dfd, const char *name)
{
    /* libostree's own protocol: who holds NAME-lock, a lock of the open file, uses NAME. */
    g_autofree char *lock_name = g_strdup_printf("%s-lock", name);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    base_autofd lock_fd =
        openat(tmp_dfd, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_fd < 0 || fcntl(lock_fd, F_OFD_SETLK, &lock) != 0)
        return;
    g_autoptr(GError) error = NULL;
    if (!base_fd_remove_tree(tmp_dfd, name, &error))
        g_debug("removing ‘%s’: %s", name, error->message);
    (void)unlinkat(tmp_dfd, lock_name, 0);
}

void host_space_drop_partial(const HostSysroot *sysroot)
{
    int tmp_dfd =
        openat(ostree_repo_get_dfd(sysroot->repo), "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = tmp_dfd >= 0 ? fdopendir(tmp_dfd) : NULL;
    if (dir == NULL)
        return;
    const struct dirent *entry = NULL;
    while ((entry = readdir(dir)) != NULL) {
        if (g_str_has_prefix(entry->d_name, "staging-") &&
            !g_str_has_suffix(entry->d_name, "-lock"))
            drop_staging(tmp_dfd, entry->d_name);
    }
    closedir(dir);
}
