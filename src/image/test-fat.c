/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of image/fat: fsck.fat checks it, mcopy reads it back.
 */
#include "image/fat.h"

#include "base/fd.h"
#include "base/run.h"
#include "image/error.h"
#include "image/layout.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

static GBytes *pattern(size_t size_bytes)
{
    uint8_t *bytes = g_malloc(size_bytes);
    for (size_t i = 0; i < size_bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 509);
    return g_bytes_new_take(bytes, size_bytes);
}

static void check_readable(const char *path, const char *name, GBytes *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *source = g_strdup_printf("::%s", name);
    g_autofree char *copy = g_strdup_printf("%s.copy", path);
    bool ok = base_run_simple("mcopy", &error, "mcopy", "-n", "-i", path, source, copy, NULL);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_autoptr(GBytes) got = base_fd_read_file(AT_FDCWD, copy, 64 * IMAGE_MIB, &error);
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(got, wanted));
    g_unlink(copy);
}

static void test_oracles(gconstpointer data)
{
    uint64_t size_bytes = GPOINTER_TO_UINT(data) * IMAGE_MIB;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    base_autofd fd = g_file_open_tmp("fat-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, (off_t)size_bytes), ==, 0);

    g_autoptr(GBytes) loader = pattern(819200 + 17);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    g_autoptr(GBytes) small = pattern(1);
    const ImageFatFile files[] = {
        {"EFI/BOOT/BOOTX64.EFI", loader},
        {"EFI/BOOT/EMPTY", empty},
        {"EFI/ATOLL/A.TXT", small},
        {"ROOT-1.TXT", small},
    };
    const ImageFat fat = {.size_bytes = size_bytes, .volume_id = 0x12345678, .label = "ESP"};
    bool ok = image_fat_write(&fat, fd, files, G_N_ELEMENTS(files), &error);
    g_assert_no_error(error);
    g_assert_true(ok);

    ok = base_run_simple("fsck.fat", &error, "/usr/sbin/fsck.fat", "-n", "-v", path, NULL);
    g_assert_no_error(error);
    g_assert_true(ok);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        check_readable(path, files[i].path, files[i].contents);
    g_unlink(path);
}

static void check_refused(const ImageFat *fat, const ImageFatFile *file, int code)
{
    g_autoptr(GError) error = NULL;
    base_autofd fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    g_assert_false(image_fat_write(fat, fd, file, 1, &error));
    g_assert_error(error, IMAGE_ERROR, code);
}

static void test_refusals(void)
{
    g_autoptr(GBytes) small = pattern(10);
    g_autoptr(GBytes) large = pattern(40 * IMAGE_MIB);
    const ImageFat fat = {.size_bytes = 36 * IMAGE_MIB, .label = "ESP"};
    const ImageFat tiny = {.size_bytes = 16 * IMAGE_MIB, .label = "ESP"};
    check_refused(&tiny, &(ImageFatFile){"A", small}, IMAGE_ERROR_SIZE);
    check_refused(&fat, &(ImageFatFile){"A", large}, IMAGE_ERROR_SIZE);
    static const char *const names[] = {"lower", "TOOLONGNAME", "A.LONG",           "",
                                        "A//B",  "A B",         "A/B/C/D/E/F/G/H/I"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        check_refused(&fat, &(ImageFatFile){names[i], small}, IMAGE_ERROR_FAILED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/image/fat/oracles/36", GUINT_TO_POINTER(36), test_oracles);
    g_test_add_data_func("/image/fat/oracles/64", GUINT_TO_POINTER(64), test_oracles);
    g_test_add_data_func("/image/fat/oracles/4096", GUINT_TO_POINTER(4096), test_oracles);
    g_test_add_func("/image/fat/refusals", test_refusals);
    return g_test_run();
}
