/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Partition tables against the decision table, and against what sgdisk says of what was written.
 */
#include "provision/disks/disks.h"
#include "provision/disks/partition.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Ignition's table, in its order */
static void test_decisions(void)
{
    static const struct {
        ProvisionPartitionCase what;
        ProvisionPartitionAction wanted;
    } rows[] = {
        {{.should_exist = false}, PROVISION_PARTITION_KEEP},
        {{.should_exist = true}, PROVISION_PARTITION_CREATE},
        {{.exists = true, .wipe = true}, PROVISION_PARTITION_DELETE},
        {{.exists = true}, PROVISION_PARTITION_ERROR},
        {{.exists = true, .should_exist = true, .matches = true, .wipe = true},
         PROVISION_PARTITION_KEEP},
        {{.exists = true, .should_exist = true, .wipe = true}, PROVISION_PARTITION_REPLACE},
        {{.exists = true, .should_exist = true}, PROVISION_PARTITION_ERROR},
        {{.exists = true, .should_exist = true, .matches_but_size = true, .resize = true},
         PROVISION_PARTITION_RESIZE},
        {{.exists = true, .should_exist = true, .resize = true}, PROVISION_PARTITION_ERROR},
        {{.exists = true, .should_exist = true, .matches_but_size = true},
         PROVISION_PARTITION_ERROR},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(provision_partition_decide(&rows[i].what), ==, rows[i].wanted);
}

static ProvisionPartition *add(ProvisionDisk *disk, unsigned number, const char *label,
                               int64_t start_mib, int64_t size_mib)
{
    const ProvisionPlace at = {.source = "x", .line = disk->partitions->len + 1, .column = 1};
    ProvisionPartition *partition = provision_partition_new(&at);
    partition->number = number;
    partition->label = g_strdup(label);
    partition->start_mib = start_mib;
    partition->size_mib = size_mib;
    g_ptr_array_add(disk->partitions, partition);
    return partition;
}

static ProvisionDisk *new_disk(ProvisionPlan *plan)
{
    const ProvisionPlace at = {.source = "x"};
    ProvisionDisk *disk = provision_disk_new(&at, "/dev/x");
    g_ptr_array_add(plan->disks, disk);
    return disk;
}

#define MIB 2048

static void test_places(void)
{
    g_autoptr(ProvisionPlan) plan = provision_plan_new();
    g_autoptr(GError) error = NULL;
    ProvisionGpt gpt;
    ProvisionDisk *disk = new_disk(plan);
    g_assert_true(provision_gpt_init(&gpt, 512, 100 * MIB));
    add(disk, 0, "rest", -1, 0);
    add(disk, 3, "c", 50, 10);
    add(disk, 1, "a", 0, 5);
    g_assert_true(provision_partition_plan(&gpt, disk, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(gpt.entries[2].start, ==, 50 * MIB);
    g_assert_cmpuint(gpt.entries[2].end, ==, 60 * MIB - 1);
    g_assert_cmpuint(gpt.entries[0].start, ==, 1 * MIB);
    g_assert_cmpuint(gpt.entries[1].start, ==, 6 * MIB);
    g_assert_cmpuint(gpt.entries[1].end, ==, 50 * MIB - 1);
    g_assert_cmpstr(gpt.entries[1].label, ==, "rest");
    /* the same again is nothing to do */
    ProvisionPartition *rest = disk->partitions->pdata[0];
    ProvisionPartition *first = disk->partitions->pdata[2];
    g_autoptr(GArray) actions = NULL;
    rest->number = 2;
    first->start_mib = -1;
    g_assert_true(provision_partition_plan(&gpt, disk, &actions, &error));
    for (guint i = 0; i < actions->len; i++)
        g_assert_cmpint(g_array_index(actions, ProvisionPartitionAction, i), ==,
                        PROVISION_PARTITION_KEEP);
}

static void test_errors(void)
{
    static const struct {
        int64_t start_mib, size_mib;
        const char *message;
    } rows[] = {
        {50, 60, "x:1:1: there is room for 49 MiB there, not for 60"},
        {0, 200, "x:1:1: there is room for 98 MiB there, not for 200"},
        {200, 1, "x:1:1: where it is to start, something else is"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ProvisionPlan) plan = provision_plan_new();
        g_autoptr(GError) error = NULL;
        ProvisionGpt gpt;
        ProvisionDisk *disk = new_disk(plan);
        (void)provision_gpt_init(&gpt, 512, 100 * MIB);
        add(disk, 1, "a", rows[i].start_mib, rows[i].size_mib);
        g_assert_false(provision_partition_plan(&gpt, disk, NULL, &error));
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

static void run_on_image(int fd, ProvisionDisk *disk, bool wanted_change)
{
    g_autoptr(GError) error = NULL;
    bool changed = false;
    g_assert_true(provision_disks_partition(fd, disk, &changed, &error));
    g_assert_no_error(error);
    g_assert_cmpint(changed, ==, wanted_change);
}

static char *sgdisk(const char *path, const char *option)
{
    const char *const argv[] = {"sgdisk", option, path, NULL};
    g_autofree char *output = NULL;
    int status = 0;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                               NULL, &status, NULL));
    return g_steal_pointer(&output);
}

static void test_image(void)
{
    g_autofree char *program = g_find_program_in_path("sgdisk");
    if (program == NULL) {
        g_test_skip("sgdisk is not installed");
        return;
    }
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionPlan) plan = provision_plan_new();
    int fd = g_file_open_tmp("atoll-gpt-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, 64 << 20), ==, 0);
    ProvisionDisk *disk = new_disk(plan);
    add(disk, 1, "wörk", 0, 10)->guid = g_strdup("01234567-89AB-CDEF-EDCB-A98765432101");
    add(disk, 4, "tail", 30, 0)->type_guid = g_strdup("0657FD6D-A4AB-43C4-84E5-0933C84B4F4F");
    run_on_image(fd, disk, true);
    run_on_image(fd, disk, false);
    g_autofree char *verify = sgdisk(path, "--verify");
    g_assert_nonnull(strstr(verify, "No problems found."));
    g_autofree char *info = sgdisk(path, "--info=1");
    g_assert_nonnull(strstr(info, "First sector: 2048 "));
    g_assert_nonnull(strstr(info, "Last sector: 22527 "));
    g_assert_nonnull(strstr(info, "01234567-89AB-CDEF-EDCB-A98765432101"));
    g_assert_nonnull(strstr(info, "wörk"));
    g_autofree char *swap = sgdisk(path, "--info=4");
    g_assert_nonnull(strstr(swap, "(Linux swap)"));
    g_assert_nonnull(strstr(swap, "Last sector: 131038 "));
    /* what sgdisk writes is read, and a damaged first copy is mended by the second */
    g_free(sgdisk(path, "--new=2:24576:+4M"));
    uint8_t zeros[512] = {0};
    g_assert_cmpint(pwrite(fd, zeros, sizeof zeros, 512), ==, sizeof zeros);
    g_autoptr(ProvisionPlan) other = provision_plan_new();
    ProvisionDisk *second = new_disk(other);
    ProvisionPartition *gone = add(second, 4, NULL, -1, -1);
    gone->should_exist = PROVISION_NO;
    bool changed = false;
    g_assert_false(provision_disks_partition(fd, second, &changed, &error));
    g_assert_nonnull(strstr(error->message, "exists and should not"));
    gone->wipe = true;
    run_on_image(fd, second, true);
    g_autofree char *after = sgdisk(path, "--verify");
    g_assert_nonnull(strstr(after, "No problems found."));
    g_autofree char *there = sgdisk(path, "--print");
    g_assert_nonnull(strstr(there, "wörk"));
    g_assert_null(strstr(there, "tail"));
    g_assert_nonnull(strstr(there, "24576"));
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(unlink(path), ==, 0);
}

static bool grow(int fd, unsigned number)
{
    g_autoptr(GError) error = NULL;
    bool is_gpt = false, changed = false;
    g_assert_true(provision_disks_grow(fd, number, &is_gpt, &changed, &error));
    g_assert_no_error(error);
    g_assert_true(is_gpt);
    return changed;
}

/* The disk got larger: a partition takes what is free behind it, up to the next one or the end. */
static void test_grow(void)
{
    g_autofree char *program = g_find_program_in_path("sgdisk");
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    bool is_gpt = true, changed = true;
    if (program == NULL) {
        g_test_skip("sgdisk is not installed");
        return;
    }
    int fd = g_file_open_tmp("atoll-gpt-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, 64 << 20), ==, 0);
    g_assert_true(provision_disks_grow(fd, 1, &is_gpt, &changed, &error));
    g_assert_false(is_gpt || changed);
    g_free(sgdisk(path, "--new=1:2048:+4M"));
    g_free(sgdisk(path, "--new=2:32768:+4M"));
    g_assert_cmpint(ftruncate(fd, (100 << 20) + 512), ==, 0);
    g_assert_true(grow(fd, 1));
    g_assert_true(grow(fd, 2));
    g_assert_false(grow(fd, 1) || grow(fd, 2));
    g_assert_false(provision_disks_grow(fd, 3, &is_gpt, &changed, &error));
    g_assert_cmpstr(error->message, ==, "the disk has no partition 3");
    g_autofree char *verify = sgdisk(path, "--verify");
    g_autofree char *first = sgdisk(path, "--info=1");
    g_autofree char *second = sgdisk(path, "--info=2");
    g_assert_nonnull(strstr(verify, "No problems found."));
    g_assert_nonnull(strstr(first, "First sector: 2048 "));
    g_assert_nonnull(strstr(first, "Last sector: 32767 "));
    /* whole MiB, before the second copy of the table */
    g_assert_nonnull(strstr(second, "Last sector: 202751 "));
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(unlink(path), ==, 0);
}

static void test_formats(void)
{
    static const struct {
        const char *format, *label;
        bool wipe, only_if_blank;
        const char *there, *there_label;
        ProvisionFormatAction wanted;
    } rows[] = {
        {"ext4", NULL, false, false, "", "", PROVISION_FORMAT_MAKE},
        {"ext4", NULL, false, false, "ext4", "x", PROVISION_FORMAT_KEEP},
        {"ext4", "x", false, false, "ext4", "x", PROVISION_FORMAT_KEEP},
        {"ext4", "y", false, false, "ext4", "x", PROVISION_FORMAT_ERROR},
        {"ext4", NULL, false, false, "xfs", "", PROVISION_FORMAT_ERROR},
        {"ext4", NULL, true, false, "ext4", "", PROVISION_FORMAT_MAKE},
        {"ext4", NULL, false, true, "xfs", "", PROVISION_FORMAT_KEEP},
        {"none", NULL, false, false, "", "", PROVISION_FORMAT_KEEP},
        {"none", NULL, false, false, "xfs", "", PROVISION_FORMAT_ERROR},
        {"none", NULL, true, false, "xfs", "", PROVISION_FORMAT_WIPE},
        {NULL, NULL, false, false, "xfs", "", PROVISION_FORMAT_KEEP},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ProvisionProbe probe = {0};
        const ProvisionFilesystem wanted = {.format = (char *)rows[i].format,
                                            .label = (char *)rows[i].label,
                                            .wipe = rows[i].wipe,
                                            .only_if_blank = rows[i].only_if_blank};
        (void)g_strlcpy(probe.type, rows[i].there, sizeof probe.type);
        (void)g_strlcpy(probe.label, rows[i].there_label, sizeof probe.label);
        g_assert_cmpint(provision_disks_decide_format(&wanted, &probe), ==, rows[i].wanted);
    }
}

static void test_mkfs(void)
{
    const ProvisionFilesystem fat = {.format = (char *)"vfat",
                                     .device = (char *)"/dev/x",
                                     .uuid = (char *)"12AB-34CD",
                                     .label = (char *)"L"};
    g_auto(GStrv) argv = provision_disks_mkfs(&fat);
    g_autofree char *line = g_strjoinv(" ", argv);
    g_assert_cmpstr(line, ==, "mkfs.vfat -I -i 12AB34CD -n L /dev/x");
    const ProvisionFilesystem ntfs = {.format = (char *)"ntfs"};
    g_assert_null(provision_disks_mkfs(&ntfs));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disks/decisions", test_decisions);
    g_test_add_func("/disks/places", test_places);
    g_test_add_func("/disks/errors", test_errors);
    g_test_add_func("/disks/image", test_image);
    g_test_add_func("/disks/grow", test_grow);
    g_test_add_func("/disks/formats", test_formats);
    g_test_add_func("/disks/mkfs", test_mkfs);
    return g_test_run();
}
