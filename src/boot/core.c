/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GRUB's own images: how a tree's grub-mkimage is called, and the places in them that say where
 * the next stage lies.
 */
#include "boot/core.h"

#include <string.h>

#define MKIMAGE "/usr/bin/grub-mkimage"

/* Offsets in boot.img. */
#define BOOT_KERNEL_SECTOR 0x5c
#define BOOT_DRIVE 0x64
#define BOOT_DRIVE_CHECK 0x66
/* The last 12 bytes of core.img's first sector: first sector u64, count u16, segment u16. */
#define CORE_BLOCK_LIST 0x1f4
#define CORE_SEGMENT 0x820

static const char *const common_modules[] = {
    "part_gpt", "ext2", "search", "search_fs_uuid", "normal", "configfile", "linux", "serial",
    "terminal", "test", "echo",   "loadenv",        "regexp", "minicmd",    "ls",    "cat",
    "reboot",   "halt", "sleep",  "syslinuxcfg",    "true",   NULL,
};
static const char *const bios_modules[] = {"biosdisk", "linux16", NULL};
static const char *const efi_modules[] = {"fat", "efi_gop", "all_video", NULL};

const BootCoreTarget boot_core_bios = {"i386-pc", "usr/lib/grub/i386-pc", "grub-pc-bin",
                                       bios_modules};
const BootCoreTarget boot_core_efi = {"x86_64-efi", "usr/lib/grub/x86_64-efi", "grub-efi-amd64-bin",
                                      efi_modules};

char **boot_core_argv(const BootCoreTarget *target, const char *early, const char *output)
{
    g_autofree char *dir = g_strdup_printf("/%s", target->dir);
    const char *const head[] = {MKIMAGE, "-O", target->format, "-d", dir,          "-o",
                                output,  "-c", early,          "-p", "/boot/grub", NULL};
    const char *const *const lists[] = {head, common_modules, target->modules};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        for (const char *const *word = lists[i]; *word != NULL; word++)
            g_ptr_array_add(argv, g_strdup(*word));
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}

char *boot_core_early(const char *root_uuid)
{
    return g_strdup_printf("search.fs_uuid %s root\n"
                           "set prefix=($root)/boot/grub\n",
                           root_uuid);
}

static void put_le(uint8_t *at, uint64_t value, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

bool boot_core_patch_boot(uint8_t boot[static BOOT_CORE_SECTOR_BYTES], uint64_t core_sector,
                          GError **error)
{
    if (boot[510] != 0x55 || boot[511] != 0xaa) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_INVALID,
                    "GRUB's boot.img has no boot signature at 0x1fe");
        return false;
    }
    put_le(boot + BOOT_KERNEL_SECTOR, core_sector, 8);
    /* boot from the drive that the BIOS names, and believe it */
    boot[BOOT_DRIVE] = 0xff;
    memset(boot + BOOT_DRIVE_CHECK, 0x90, 2);
    return true;
}

uint64_t boot_core_sector(const uint8_t boot[static BOOT_CORE_SECTOR_BYTES])
{
    uint64_t sector = 0;
    for (unsigned i = 8; i-- > 0;)
        sector = sector << 8 | boot[BOOT_KERNEL_SECTOR + i];
    return sector;
}

bool boot_core_patch_core(uint8_t *core, size_t size_bytes, uint64_t core_sector, GError **error)
{
    size_t sectors = (size_bytes + BOOT_CORE_SECTOR_BYTES - 1) / BOOT_CORE_SECTOR_BYTES;
    if (sectors < 2 || sectors > UINT16_MAX) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_INVALID,
                    "GRUB's core.img has %zu bytes, which cannot be right", size_bytes);
        return false;
    }
    put_le(core + CORE_BLOCK_LIST, core_sector + 1, 8);
    put_le(core + CORE_BLOCK_LIST + 8, sectors - 1, 2);
    put_le(core + CORE_BLOCK_LIST + 10, CORE_SEGMENT, 2);
    return true;
}
