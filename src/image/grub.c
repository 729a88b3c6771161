/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GRUB out of the tree's own packages, for BIOS and UEFI. All modules are built into the two
 * images; what /boot/grub holds is of the room boot.
 */
#include "image/grub.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sandbox.h"
#include "boot/core.h"
#include "image/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MKIMAGE "usr/bin/grub-mkimage"
#define INSIDE "/run/atoll"

void image_grub_clear(ImageGrub *self)
{
    g_clear_pointer(&self->bios_boot, g_bytes_unref);
    g_clear_pointer(&self->bios_core, g_bytes_unref);
    g_clear_pointer(&self->efi_core, g_bytes_unref);
}

char *image_grub_missing_packages(GFile *root)
{
    const struct {
        const char *path;
        const char *package;
    } needs[] = {
        {MKIMAGE, "grub-common"},
        {"usr/lib/grub/i386-pc/boot.img", boot_core_bios.package},
        {"usr/lib/grub/x86_64-efi/kernel.img", boot_core_efi.package},
    };
    g_autoptr(GString) missing = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        g_autoptr(GFile) file = g_file_resolve_relative_path(root, needs[i].path);
        if (!g_file_query_exists(file, NULL))
            g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "", needs[i].package);
    }
    return missing->len > 0 ? g_strdup(missing->str) : NULL;
}

static bool run_mkimage(const BootCoreTarget *target, const char *root, const char *dir,
                        GCancellable *cancellable, GError **error)
{
    g_auto(GStrv) argv = boot_core_argv(target, INSIDE "/early.cfg", INSIDE "/core");
    g_autofree char *what = g_strdup_printf("making GRUB for %s", target->format);
    const BaseSandboxBind binds[] = {{.source = dir, .target = INSIDE, .writable = true}, {0}};
    BaseSandbox sandbox = {
        .root = root, .binds = binds, .run = {.argv = (const char *const *)argv, .what = what}};
    return base_sandbox_run(&sandbox, NULL, cancellable, error);
}

static GBytes *build_core(const BootCoreTarget *target, const char *root, const char *dir,
                          GCancellable *cancellable, GError **error)
{
    if (!run_mkimage(target, root, dir, cancellable, error))
        return NULL;
    g_autofree char *path = g_build_filename(dir, "core", NULL);
    GBytes *core = base_fd_read_file(AT_FDCWD, path, BOOT_CORE_MAX_BYTES, error);
    if (core != NULL)
        (void)unlink(path);
    return core;
}

bool image_grub_build(ImageGrub *self, const char *root, const char *scratch, const char *root_uuid,
                      GCancellable *cancellable, GError **error)
{
    g_autofree char *dir = g_build_filename(scratch, "grub", NULL);
    g_autofree char *early_path = g_build_filename(dir, "early.cfg", NULL);
    g_autofree char *early = boot_core_early(root_uuid);
    g_autofree char *boot_path = g_build_filename(root, boot_core_bios.dir, "boot.img", NULL);
    g_auto(ImageGrub) grub = {0};
    if (!base_fd_make_dirs(AT_FDCWD, dir, 0755, error) ||
        !base_fd_replace_file(AT_FDCWD, early_path, early, strlen(early), 0644,
                              BASE_FD_REPLACE_NO_SYNC, error))
        return false;
    grub.bios_boot = base_fd_read_file(AT_FDCWD, boot_path, BOOT_CORE_SECTOR_BYTES, error);
    if (grub.bios_boot == NULL)
        return false;
    grub.bios_core = build_core(&boot_core_bios, root, dir, cancellable, error);
    if (grub.bios_core == NULL)
        return false;
    grub.efi_core = build_core(&boot_core_efi, root, dir, cancellable, error);
    if (grub.efi_core == NULL)
        return false;
    *self = grub;
    memset(&grub, 0, sizeof grub);
    return true;
}

static bool write_at(int fd, const uint8_t *bytes, size_t size_bytes, uint64_t offset_bytes,
                     GError **error)
{
    if (lseek(fd, (off_t)offset_bytes, SEEK_SET) < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "seeking in the disk");
    }
    return base_fd_write_all(fd, bytes, size_bytes, error);
}

bool image_grub_install_bios(const ImageGrub *self, const ImageLayout *layout, int fd,
                             GError **error)
{
    const ImagePartition *partition = &layout->partitions[IMAGE_PARTITION_BIOS];
    uint64_t core_sector = partition->offset_bytes / IMAGE_SECTOR_BYTES;
    size_t core_bytes = g_bytes_get_size(self->bios_core);
    if (core_bytes > partition->size_bytes ||
        g_bytes_get_size(self->bios_boot) != BOOT_CORE_SECTOR_BYTES) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE,
                    "GRUB's core.img of %zu bytes does not fit into the boot partition",
                    core_bytes);
        return false;
    }
    uint8_t boot[BOOT_CORE_SECTOR_BYTES];
    memcpy(boot, g_bytes_get_data(self->bios_boot, NULL), sizeof boot);
    g_autofree uint8_t *core = g_memdup2(g_bytes_get_data(self->bios_core, NULL), core_bytes);
    return boot_core_patch_boot(boot, core_sector, error) &&
           boot_core_patch_core(core, core_bytes, core_sector, error) &&
           write_at(fd, boot, BOOT_CORE_CODE_BYTES, 0, error) &&
           write_at(fd, core, core_bytes, partition->offset_bytes, error);
}
