/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of image/formats: the table, and each format against qemu-img.
 */
#include "image/formats/format.h"

#include "base/fd.h"
#include "base/run.h"
#include "image/error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define KIB UINT64_C(1024)
#define GIB (KIB * KIB * KIB)

static void test_table(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (const ImageFormat *const *format = image_formats(); *format != NULL; format++) {
        g_assert_nonnull((*format)->name);
        g_assert_nonnull((*format)->suffix);
        g_assert_nonnull((*format)->summary);
        g_assert_true(g_hash_table_add(names, (gpointer)(*format)->name));
        g_assert_true(image_format_find((*format)->name, NULL) == *format);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(image_format_find("floppy", &error));
    g_assert_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION);
    g_assert_nonnull(strstr(error->message, "qcow2"));
}

typedef struct {
    const char *name;
    uint64_t disk_bytes;
    uint64_t step_bytes; /* a stretch of data every so often; 0: none at all */
    size_t data_bytes;
} Shape;

static const Shape shapes[] = {
    {"empty", 64 * KIB *KIB, 0, 0},
    {"odd-end", 10 * KIB *KIB + 512, 1 * KIB *KIB, 70000},
    {"dense", 96 * KIB *KIB, 64 * KIB, 65536},
    {"several-tables", 3 * GIB, 200 * KIB *KIB, 100000},
    {"large", 2000 * GIB, 300 * GIB, 12345},
};

static char *make_raw(const Shape *shape, int *out_fd)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    base_autofd fd = g_file_open_tmp("raw-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, (off_t)shape->disk_bytes), ==, 0);
    g_autofree uint8_t *data = g_malloc(shape->data_bytes + 1);
    for (uint64_t at = 0; shape->step_bytes > 0 && at < shape->disk_bytes;
         at += shape->step_bytes) {
        memset(data, (int)(at / shape->step_bytes % 255 + 1), shape->data_bytes);
        size_t size_bytes = (size_t)MIN(shape->data_bytes, shape->disk_bytes - at);
        g_assert_cmpint(pwrite(fd, data, size_bytes, (off_t)at), ==, (gssize)size_bytes);
    }
    /* written zeroes must not take space in the result */
    memset(data, 0, shape->data_bytes);
    if (shape->step_bytes == 0)
        g_assert_cmpint(pwrite(fd, "\0\0\0\0", 4, 1000), ==, 4);
    *out_fd = base_fd_steal(&fd);
    return g_steal_pointer(&path);
}

static void test_against_qemu(gconstpointer data)
{
    const Shape *shape = data;
    g_autoptr(GError) error = NULL;
    base_autofd raw_fd = -1;
    g_autofree char *raw_path = make_raw(shape, &raw_fd);
    for (const ImageFormat *const *format = image_formats(); *format != NULL; format++) {
        if ((*format)->convert == NULL)
            continue;
        g_autofree char *path = NULL;
        base_autofd fd = g_file_open_tmp("image-XXXXXX", &path, &error);
        g_assert_no_error(error);
        bool ok = (*format)->convert(raw_fd, shape->disk_bytes, fd, NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
        ok = base_run_simple("qemu-img check", &error, "qemu-img", "check", "-f", (*format)->name,
                             path, NULL);
        g_assert_no_error(error);
        g_assert_true(ok);
        ok = base_run_simple("qemu-img compare", &error, "qemu-img", "compare", "-f", "raw", "-F",
                             (*format)->name, raw_path, path, NULL);
        g_assert_no_error(error);
        g_assert_true(ok);
        if (shape->step_bytes == 0)
            g_assert_cmpint(lseek(fd, 0, SEEK_END), <, 1 << 20);
        g_unlink(path);
    }
    g_unlink(raw_path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/formats/table", test_table);
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autofree char *path = g_strdup_printf("/image/formats/qemu/%s", shapes[i].name);
        g_test_add_data_func(path, &shapes[i], test_against_qemu);
    }
    return g_test_run();
}
