/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GRUB out of the tree's own packages, for BIOS and UEFI. All modules are built into the two
 * images; /boot/grub holds one file that never changes: it reads the menu that libostree's
 * syslinux backend writes beside the boot entries, so the menu flips with the deployments and
 * nothing is generated on a host.
 */
#include "image/grub.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sandbox.h"
#include "image/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CORE_BYTES (16u << 20)
#define MKIMAGE "usr/bin/grub-mkimage"
#define INSIDE "/run/atoll"

/* Offsets in boot.img. */
#define BOOT_KERNEL_SECTOR 0x5c
#define BOOT_DRIVE 0x64
#define BOOT_DRIVE_CHECK 0x66
/* The master boot record's disk signature and partition table start here. */
#define BOOT_CODE_BYTES 0x1b8
/* The last 12 bytes of core.img's first sector: first sector u64, count u16, segment u16. */
#define CORE_BLOCK_LIST 0x1f4
#define CORE_SEGMENT 0x820

static const char *const common_modules[] = {
    "part_gpt", "ext2",     "search", "search_fs_uuid", "normal",  "configfile",  "linux",
    "serial",   "terminal", "test",   "echo",           "loadenv", "regexp",      "minicmd",
    "ls",       "cat",      "reboot", "halt",           "sleep",   "syslinuxcfg", NULL,
};
static const char *const bios_modules[] = {"biosdisk", "linux16", NULL};
static const char *const efi_modules[] = {"fat", "efi_gop", "all_video", NULL};

typedef struct {
    const char *format;
    const char *dir;
    const char *package;
    const char *const *modules;
} GrubTarget;

static const GrubTarget bios = {"i386-pc", "usr/lib/grub/i386-pc", "grub-pc-bin", bios_modules};
static const GrubTarget efi = {"x86_64-efi", "usr/lib/grub/x86_64-efi", "grub-efi-amd64-bin",
                               efi_modules};

void image_grub_clear(ImageGrub *self)
{
    g_clear_pointer(&self->bios_boot, g_bytes_unref);
    g_clear_pointer(&self->bios_core, g_bytes_unref);
    g_clear_pointer(&self->efi_core, g_bytes_unref);
}

const char *image_grub_config(void)
{
    /* syslinux_source sets default, timeout and the entries; the menu file sits behind the
     * link that libostree flips. The serial console is added only where there is one. */
    return "# Written when the disk image was made. The menu is /boot/loader/syslinux.cfg,\n"
           "# which changes in one step with the deployments.\n"
           "if serial --unit=0 --speed=115200; then\n"
           "  if [ \"$grub_platform\" = pc ]; then\n"
           "    terminal_input --append serial\n"
           "    terminal_output --append serial\n"
           "  fi\n"
           "fi\n"
           "syslinux_source -s -r ($root) ($root)/boot/loader/syslinux.cfg\n";
}

char *image_grub_missing_packages(GFile *root)
{
    const struct {
        const char *path;
        const char *package;
    } needs[] = {
        {MKIMAGE, "grub-common"},
        {"usr/lib/grub/i386-pc/boot.img", bios.package},
        {"usr/lib/grub/x86_64-efi/kernel.img", efi.package},
    };
    g_autoptr(GString) missing = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        g_autoptr(GFile) file = g_file_resolve_relative_path(root, needs[i].path);
        if (!g_file_query_exists(file, NULL))
            g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "", needs[i].package);
    }
    return missing->len > 0 ? g_strdup(missing->str) : NULL;
}

static bool run_mkimage(const GrubTarget *target, const char *root, const char *dir,
                        GCancellable *cancellable, GError **error)
{
    g_autofree char *grub_dir = g_strdup_printf("/%s", target->dir);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *const head[] = {
        "/" MKIMAGE,    "-O", target->format,      "-d", grub_dir,     "-o",
        INSIDE "/core", "-c", INSIDE "/early.cfg", "-p", "/boot/grub", NULL};
    for (const char *const *arg = head; *arg != NULL; arg++)
        g_ptr_array_add(argv, (gpointer)*arg);
    for (const char *const *module = common_modules; *module != NULL; module++)
        g_ptr_array_add(argv, (gpointer)*module);
    for (const char *const *module = target->modules; *module != NULL; module++)
        g_ptr_array_add(argv, (gpointer)*module);
    g_ptr_array_add(argv, NULL);
    g_autofree char *what = g_strdup_printf("making GRUB for %s", target->format);
    const BaseSandboxBind binds[] = {{.source = dir, .target = INSIDE, .writable = true}, {0}};
    BaseSandbox sandbox = {.root = root,
                           .binds = binds,
                           .run = {.argv = (const char *const *)argv->pdata, .what = what}};
    return base_sandbox_run(&sandbox, NULL, cancellable, error);
}

static GBytes *build_core(const GrubTarget *target, const char *root, const char *dir,
                          GCancellable *cancellable, GError **error)
{
    if (!run_mkimage(target, root, dir, cancellable, error))
        return NULL;
    g_autofree char *path = g_build_filename(dir, "core", NULL);
    GBytes *core = base_fd_read_file(AT_FDCWD, path, MAX_CORE_BYTES, error);
    if (core != NULL)
        (void)unlink(path);
    return core;
}

bool image_grub_build(ImageGrub *self, const char *root, const char *scratch, const char *root_uuid,
                      GCancellable *cancellable, GError **error)
{
    g_autofree char *dir = g_build_filename(scratch, "grub", NULL);
    g_autofree char *early_path = g_build_filename(dir, "early.cfg", NULL);
    g_autofree char *early = g_strdup_printf("search.fs_uuid %s root\n"
                                             "set prefix=($root)/boot/grub\n",
                                             root_uuid);
    g_autofree char *boot_path = g_build_filename(root, bios.dir, "boot.img", NULL);
    g_auto(ImageGrub) grub = {0};
    if (!base_fd_make_dirs(AT_FDCWD, dir, 0755, error) ||
        !base_fd_replace_file(AT_FDCWD, early_path, early, strlen(early), 0644,
                              BASE_FD_REPLACE_NO_SYNC, error))
        return false;
    grub.bios_boot = base_fd_read_file(AT_FDCWD, boot_path, IMAGE_GRUB_SECTOR_BYTES, error);
    if (grub.bios_boot == NULL)
        return false;
    grub.bios_core = build_core(&bios, root, dir, cancellable, error);
    if (grub.bios_core == NULL)
        return false;
    grub.efi_core = build_core(&efi, root, dir, cancellable, error);
    if (grub.efi_core == NULL)
        return false;
    *self = grub;
    memset(&grub, 0, sizeof grub);
    return true;
}

static void put_le(uint8_t *at, uint64_t value, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

bool image_grub_patch_boot(uint8_t boot[static IMAGE_GRUB_SECTOR_BYTES], uint64_t core_sector,
                           GError **error)
{
    if (boot[510] != 0x55 || boot[511] != 0xaa) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE,
                    "GRUB's boot.img has no boot signature at 0x1fe");
        return false;
    }
    put_le(boot + BOOT_KERNEL_SECTOR, core_sector, 8);
    /* boot from the drive that the BIOS names, and believe it */
    boot[BOOT_DRIVE] = 0xff;
    memset(boot + BOOT_DRIVE_CHECK, 0x90, 2);
    return true;
}

bool image_grub_patch_core(uint8_t *core, size_t size_bytes, uint64_t core_sector, GError **error)
{
    size_t sectors = (size_bytes + IMAGE_GRUB_SECTOR_BYTES - 1) / IMAGE_GRUB_SECTOR_BYTES;
    if (sectors < 2 || sectors > UINT16_MAX) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE,
                    "GRUB's core.img has %zu bytes, which cannot be right", size_bytes);
        return false;
    }
    put_le(core + CORE_BLOCK_LIST, core_sector + 1, 8);
    put_le(core + CORE_BLOCK_LIST + 8, sectors - 1, 2);
    put_le(core + CORE_BLOCK_LIST + 10, CORE_SEGMENT, 2);
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
        g_bytes_get_size(self->bios_boot) != IMAGE_GRUB_SECTOR_BYTES) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE,
                    "GRUB's core.img of %zu bytes does not fit into the boot partition",
                    core_bytes);
        return false;
    }
    uint8_t boot[IMAGE_GRUB_SECTOR_BYTES];
    memcpy(boot, g_bytes_get_data(self->bios_boot, NULL), sizeof boot);
    g_autofree uint8_t *core = g_memdup2(g_bytes_get_data(self->bios_core, NULL), core_bytes);
    return image_grub_patch_boot(boot, core_sector, error) &&
           image_grub_patch_core(core, core_bytes, core_sector, error) &&
           write_at(fd, boot, BOOT_CODE_BYTES, 0, error) &&
           write_at(fd, core, core_bytes, partition->offset_bytes, error);
}
