/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of image/layout: the table against sgdisk, identifiers against themselves.
 */
#include "image/layout.h"

#include "base/fd.h"
#include "base/run.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SEED "2896072c8620767e6b604f1b04dfeb63baabb06b8c8ae2148a9346fa122a2026"

static char *write_disk(uint64_t disk_bytes, ImageLayout *out_layout)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    base_autofd fd = g_file_open_tmp("layout-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, (off_t)disk_bytes), ==, 0);
    image_layout_init(out_layout, disk_bytes, SEED);
    bool ok = image_layout_write(out_layout, path, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return g_steal_pointer(&path);
}

static void assert_says(const char *path, const char *option, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {"/usr/sbin/sgdisk", option, path, NULL};
    g_autofree char *output = NULL;
    bool ok = base_run(&(BaseRun){.argv = argv}, &output, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_autofree char *folded = g_ascii_strdown(output, -1);
    g_autofree char *folded_wanted = g_ascii_strdown(wanted, -1);
    if (strstr(folded, folded_wanted) == NULL)
        g_error("sgdisk %s says no ‘%s’ but:\n%s", option, wanted, output);
}

static void test_table(void)
{
    ImageLayout layout;
    g_autofree char *path = write_disk(1024 * IMAGE_MIB, &layout);

    assert_says(path, "-v", "No problems found");
    assert_says(path, "-p", layout.disk_uuid);
    for (size_t i = 0; i < IMAGE_PARTITION_COUNT; i++) {
        const ImagePartition *partition = &layout.partitions[i];
        g_autofree char *option = g_strdup_printf("-i%zu", i + 1);
        g_autofree char *name = g_strdup_printf("Partition name: '%s'", partition->name);
        g_autofree char *first = g_strdup_printf("First sector: %" G_GUINT64_FORMAT " ",
                                                 partition->offset_bytes / IMAGE_SECTOR_BYTES);
        g_autofree char *size = g_strdup_printf("Partition size: %" G_GUINT64_FORMAT " sectors",
                                                partition->size_bytes / IMAGE_SECTOR_BYTES);
        assert_says(path, option, partition->type);
        assert_says(path, option, partition->uuid);
        assert_says(path, option, name);
        assert_says(path, option, first);
        assert_says(path, option, size);
    }
    g_unlink(path);
}

static void test_same_input_same_bytes(void)
{
    g_autoptr(GError) error = NULL;
    ImageLayout layout;
    g_autofree char *a = write_disk(256 * IMAGE_MIB, &layout);
    g_autofree char *b = write_disk(256 * IMAGE_MIB, &layout);
    bool ok = base_run_simple("comparing", &error, "cmp", a, b, NULL);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_unlink(a);
    g_unlink(b);
}

static void test_sizes(void)
{
    uint64_t disk_bytes = image_layout_disk_bytes(100 * IMAGE_MIB + 1);
    ImageLayout layout;
    image_layout_init(&layout, disk_bytes, SEED);
    g_assert_cmpuint(layout.partitions[IMAGE_PARTITION_ROOT].size_bytes, ==, 101 * IMAGE_MIB);
    /* a disk that is no multiple of 1 MiB ends at one */
    image_layout_init(&layout, disk_bytes + IMAGE_MIB - 1, SEED);
    g_assert_cmpuint(layout.disk_bytes, ==, disk_bytes);
    for (size_t i = 0; i < IMAGE_PARTITION_COUNT; i++)
        g_assert_cmpuint(layout.partitions[i].offset_bytes % IMAGE_MIB, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/layout/table", test_table);
    g_test_add_func("/image/layout/same-input-same-bytes", test_same_input_same_bytes);
    g_test_add_func("/image/layout/sizes", test_sizes);
    return g_test_run();
}
