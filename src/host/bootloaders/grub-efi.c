/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GRUB for UEFI. A new one is written beside the one that the firmware starts, synced, and the two
 * names are exchanged: the kernel changes two directory entries and frees nothing, so that each
 * name has a whole program at every moment. The old one stays under the other name.
 */
#include "base/error.h"
#include "base/fd.h"
#include "host/bootloaders/loader.h"
#include "host/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#define MOUNT_POINT "/run/atoll-host/esp"
#define DIR "EFI/BOOT"
#define STARTED "BOOTX64.EFI"
#define OTHER "OTHERX64.EFI"

static bool present(const HostLoaderDisk *disk)
{
    return disk->esp != NULL;
}

static bool write_other(int dir_fd, GBytes *core, GError **error)
{
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(core, &size_bytes);
    base_autofd fd = openat(dir_fd, OTHER, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "making ‘%s’", OTHER);
    }
    if (!base_fd_write_all(fd, data, size_bytes, error))
        return false;
    if (fsync(fd) != 0 || syncfs(dir_fd) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "syncing ‘%s’", OTHER);
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* read back from the disk */
    g_autoptr(GBytes) back = base_fd_read_file(dir_fd, OTHER, BOOT_CORE_MAX_BYTES, error);
    if (back == NULL)
        return false;
    return g_bytes_equal(back, core) ||
           host_error_set(error, HOST_ERROR_FAILED, "‘%s’ is not what was written to it", OTHER);
}

static bool update(int dir_fd, GBytes *core, bool *out_changed, GError **error)
{
    g_autoptr(GBytes) have = base_fd_read_file(dir_fd, STARTED, BOOT_CORE_MAX_BYTES, NULL);
    *out_changed = have == NULL || !g_bytes_equal(have, core);
    if (!*out_changed)
        return true;
    if (!write_other(dir_fd, core, error))
        return false;
    int done = have != NULL ? renameat2(dir_fd, OTHER, dir_fd, STARTED, RENAME_EXCHANGE)
                            : renameat(dir_fd, OTHER, dir_fd, STARTED);
    if (done != 0 || syncfs(dir_fd) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "exchanging ‘%s’ and ‘%s’", OTHER, STARTED);
    }
    return true;
}

static bool install(const HostLoaderDisk *disk, GBytes *core, GBytes *boot, bool *out_changed,
                    GError **error)
{
    (void)boot;
    if (!base_fd_make_dirs(AT_FDCWD, MOUNT_POINT, 0700, error))
        return false;
    /* in a mount namespace of our own: nobody else sees it, and it goes with the process */
    if (mount(disk->esp, MOUNT_POINT, "vfat", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "mounting ‘%s’", disk->esp);
    }
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, MOUNT_POINT "/" DIR, error);
    bool ok = dir_fd >= 0 && update(dir_fd, core, out_changed, error);
    base_fd_clear(&dir_fd);
    dir_fd = -1;
    if (umount(MOUNT_POINT) != 0)
        g_debug("unmounting ‘%s’", MOUNT_POINT);
    return ok;
}

const HostLoader host_loader_efi = {
    .name = "UEFI", .target = &boot_core_efi, .present = present, .install = install};
