/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of image/grub: the places in boot.img and core.img that say where the next stage lies.
 */
#include "image/grub.h"

#include "boot/core.h"

#include "base/fd.h"
#include "image/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void fill_boot(uint8_t boot[static BOOT_CORE_SECTOR_BYTES])
{
    memset(boot, 0x11, BOOT_CORE_SECTOR_BYTES);
    boot[510] = 0x55;
    boot[511] = 0xaa;
}

static void test_boot(void)
{
    g_autoptr(GError) error = NULL;
    uint8_t boot[BOOT_CORE_SECTOR_BYTES];
    fill_boot(boot);
    g_assert_true(boot_core_patch_boot(boot, 0x0102030405060708, &error));
    static const uint8_t sector[] = {8, 7, 6, 5, 4, 3, 2, 1};
    g_assert_cmpmem(boot + 0x5c, 8, sector, 8);
    g_assert_cmphex(boot[0x64], ==, 0xff);
    g_assert_cmphex(boot[0x66], ==, 0x90);
    g_assert_cmphex(boot[0x67], ==, 0x90);
    for (size_t i = 0; i < 510; i++)
        if (i < 0x5c || i == 0x65 || i > 0x67)
            g_assert_cmphex(boot[i], ==, 0x11);
    boot[511] = 0;
    g_assert_false(boot_core_patch_boot(boot, 1, &error));
    g_assert_error(error, BOOT_ERROR, BOOT_ERROR_INVALID);
}

static void test_core(void)
{
    g_autoptr(GError) error = NULL;
    uint8_t core[3 * BOOT_CORE_SECTOR_BYTES] = {0};
    /* the last sector is not full */
    g_assert_true(boot_core_patch_core(core, sizeof core - 100, 2048, &error));
    static const uint8_t list[] = {0x01, 0x08, 0, 0, 0, 0, 0, 0, 2, 0, 0x20, 0x08};
    g_assert_cmpmem(core + 0x1f4, 12, list, 12);
    g_assert_false(boot_core_patch_core(core, 512, 2048, &error));
    g_assert_error(error, BOOT_ERROR, BOOT_ERROR_INVALID);
}

/* The partition table in the master boot record stays as it is. */
static void test_install(void)
{
    g_autoptr(GError) error = NULL;
    ImageLayout layout;
    image_layout_init(&layout, image_layout_disk_bytes(1), "seed");
    g_autofree char *path = NULL;
    base_autofd fd = g_file_open_tmp("grub-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, (off_t)layout.disk_bytes), ==, 0);
    g_assert_true(image_layout_write(&layout, path, &error));
    uint8_t before[BOOT_CORE_SECTOR_BYTES], after[BOOT_CORE_SECTOR_BYTES];
    g_assert_cmpint(pread(fd, before, sizeof before, 0), ==, sizeof before);

    uint8_t boot[BOOT_CORE_SECTOR_BYTES];
    fill_boot(boot);
    g_autofree uint8_t *core = g_malloc0(100000);
    g_auto(ImageGrub) grub = {.bios_boot = g_bytes_new(boot, sizeof boot),
                              .bios_core = g_bytes_new(core, 100000)};
    g_assert_true(image_grub_install_bios(&grub, &layout, fd, &error));
    g_assert_no_error(error);
    g_assert_cmpint(pread(fd, after, sizeof after, 0), ==, sizeof after);
    g_assert_cmpmem(after + 0x1b8, 0x48, before + 0x1b8, 0x48);
    g_assert_cmphex(after[0], ==, 0x11);
    g_assert_cmphex(after[0x5d], ==, 0x08);

    g_clear_pointer(&grub.bios_core, g_bytes_unref);
    grub.bios_core = g_bytes_new_take(g_malloc0(2 << 20), 2 << 20);
    g_assert_false(image_grub_install_bios(&grub, &layout, fd, &error));
    g_assert_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/grub/boot", test_boot);
    g_test_add_func("/image/grub/core", test_core);
    g_test_add_func("/image/grub/install", test_install);
    return g_test_run();
}
