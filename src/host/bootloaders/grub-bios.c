/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GRUB for BIOS. The BIOS boot partition has two halves; the code in the master boot record names
 * the sector where its half begins. A new core goes into the other half, is read back from the
 * disk, and only then that one sector is written, which a disk does as a whole or not at all. The
 * old core stays where it is.
 */
#include "base/error.h"
#include "base/fd.h"
#include "host/bootloaders/loader.h"
#include "host/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool present(const HostLoaderDisk *disk)
{
    return disk->bios != NULL && disk->disk != NULL;
}

static bool read_at(int fd, void *bytes, size_t size_bytes, uint64_t offset_bytes,
                    const char *device, GError **error)
{
    if (pread(fd, bytes, size_bytes, (off_t)offset_bytes) == (ssize_t)size_bytes)
        return true;
    int saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "reading ‘%s’", device);
}

static bool write_at(int fd, const void *bytes, size_t size_bytes, uint64_t offset_bytes,
                     const char *device, GError **error)
{
    if (pwrite(fd, bytes, size_bytes, (off_t)offset_bytes) == (ssize_t)size_bytes && fsync(fd) == 0)
        return true;
    int saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "writing ‘%s’", device);
}

/* From the disk and not from memory. */
static bool verify(int fd, const uint8_t *core, size_t size_bytes, uint64_t offset_bytes,
                   const char *device, GError **error)
{
    g_autofree uint8_t *back = g_malloc(size_bytes);
    (void)posix_fadvise(fd, (off_t)offset_bytes, (off_t)size_bytes, POSIX_FADV_DONTNEED);
    if (!read_at(fd, back, size_bytes, offset_bytes, device, error))
        return false;
    if (memcmp(back, core, size_bytes) == 0)
        return true;
    return host_error_set(error, HOST_ERROR_FAILED,
                          "‘%s’ gives back something else than was written to it", device);
}

/* Whether the half at @offset_bytes has this core already. */
static bool is_there(int fd, const uint8_t *core, size_t size_bytes, uint64_t offset_bytes)
{
    g_autofree uint8_t *have = g_malloc(size_bytes);
    return pread(fd, have, size_bytes, (off_t)offset_bytes) == (ssize_t)size_bytes &&
           memcmp(have, core, size_bytes) == 0;
}

static bool switch_to(int disk_fd, const char *device, uint8_t *record, GBytes *boot,
                      uint64_t sector, GError **error)
{
    uint8_t code[BOOT_CORE_SECTOR_BYTES];
    memcpy(code, g_bytes_get_data(boot, NULL), sizeof code);
    if (!boot_core_patch_boot(code, sector, error))
        return false;
    memcpy(record, code, BOOT_CORE_CODE_BYTES); /* the partition table in it stays */
    return write_at(disk_fd, record, BOOT_CORE_SECTOR_BYTES, 0, device, error);
}

static bool install(const HostLoaderDisk *disk, GBytes *core_bytes, GBytes *boot, bool *out_changed,
                    GError **error)
{
    size_t size_bytes = g_bytes_get_size(core_bytes);
    uint64_t half_bytes = disk->bios_bytes / 2;
    uint8_t record[BOOT_CORE_SECTOR_BYTES];
    base_autofd disk_fd = open(disk->disk, O_RDWR | O_CLOEXEC);
    base_autofd fd = open(disk->bios, O_RDWR | O_CLOEXEC);
    if (disk_fd < 0 || fd < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "opening ‘%s’", disk->disk);
    }
    if (size_bytes > half_bytes || g_bytes_get_size(boot) != BOOT_CORE_SECTOR_BYTES)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "GRUB's core of %zu bytes does not fit into half of ‘%s’", size_bytes,
                              disk->bios);
    if (!read_at(disk_fd, record, sizeof record, 0, disk->disk, error))
        return false;
    uint64_t now = boot_core_sector(record);
    if (now != disk->bios_sector && now != disk->bios_sector + half_bytes / BOOT_CORE_SECTOR_BYTES)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "the master boot record of ‘%s’ does not start from ‘%s’: it is "
                              "somebody else's, and left alone",
                              disk->disk, disk->bios);
    uint64_t now_offset = (now - disk->bios_sector) * BOOT_CORE_SECTOR_BYTES;
    g_autofree uint8_t *core = g_memdup2(g_bytes_get_data(core_bytes, NULL), size_bytes);
    if (!boot_core_patch_core(core, size_bytes, now, error))
        return false;
    if (is_there(fd, core, size_bytes, now_offset)) {
        *out_changed = false;
        return true;
    }
    uint64_t offset_bytes = now_offset == 0 ? half_bytes : 0;
    uint64_t sector = disk->bios_sector + offset_bytes / BOOT_CORE_SECTOR_BYTES;
    if (!boot_core_patch_core(core, size_bytes, sector, error) ||
        !write_at(fd, core, size_bytes, offset_bytes, disk->bios, error) ||
        !verify(fd, core, size_bytes, offset_bytes, disk->bios, error) ||
        !switch_to(disk_fd, disk->disk, record, boot, sector, error))
        return false;
    *out_changed = true;
    return true;
}

const HostLoader host_loader_bios = {
    .name = "BIOS", .target = &boot_core_bios, .present = present, .install = install};
