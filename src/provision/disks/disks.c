/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bringing disks about: partition tables told to the kernel, file systems made, mounted and
 * unmounted. RAID and LUKS are in volumes.c, decisions in partition.c and format.c.
 */
#include "provision/disks/disks-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "provision/disks/partition.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_MS 50

bool provision_disks_run(ProvisionDisks *self, const char *what, const char *const *argv,
                         GBytes *stdin_bytes, GError **error)
{
    const BaseRun run = {.argv = argv, .what = what, .stdin_bytes = stdin_bytes};
    return base_run(&run, NULL, self->cancellable, error);
}

void provision_disks_settle(ProvisionDisks *self)
{
    static const char *const argv[] = {"udevadm", "settle", NULL};
    g_autoptr(GError) local = NULL;
    /* without udev there is nothing to wait for; who needs a device waits for it */
    if (access("/run/udev/control", F_OK) == 0 &&
        !provision_disks_run(self, "waiting for udev", argv, NULL, &local))
        g_debug("%s", local->message);
}

bool provision_disks_wait(ProvisionDisks *self, const char *device, GError **error)
{
    struct stat st = {0};
    for (unsigned waited = 0; stat(device, &st) < 0; waited += POLL_MS) {
        if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
            return false;
        if (waited >= self->wait_ms)
            return base_error_set(error, BASE_ERROR_NOT_FOUND, "‘%s’ has not appeared within %u s",
                                  device, self->wait_ms / 1000);
        g_usleep(POLL_MS * 1000);
    }
    return true;
}

static bool tell_partition(int fd, int op, unsigned number, const ProvisionGpt *gpt,
                           const ProvisionGptEntry *entry)
{
    struct blkpg_partition partition = {
        .start = (long long)(entry->start * gpt->sector_bytes),
        .length = (long long)((entry->end - entry->start + 1) * gpt->sector_bytes),
        .pno = (int)number,
    };
    struct blkpg_ioctl_arg arg = {.op = op, .datalen = sizeof partition, .data = &partition};
    return ioctl(fd, BLKPG, &arg) == 0;
}

/* The kernel reads the whole table anew only when no partition is in use; else it is told of those
 * that differ. */
bool provision_disks_tell_kernel(int fd, const ProvisionGpt *before, const ProvisionGpt *after,
                                 GError **error)
{
    struct stat st = {0};
    if (fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode) || ioctl(fd, BLKRRPART) == 0)
        return true;
    for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++) {
        const ProvisionGptEntry *old = &before->entries[i], *new = &after->entries[i];
        bool good = true;
        if (old->used && new->used && old->start == new->start) {
            if (old->end != new->end)
                good = tell_partition(fd, BLKPG_RESIZE_PARTITION, i + 1, after, new);
        } else {
            if (old->used)
                good =
                    tell_partition(fd, BLKPG_DEL_PARTITION, i + 1, before, old) || errno == ENXIO;
            if (good && new->used)
                good = tell_partition(fd, BLKPG_ADD_PARTITION, i + 1, after, new);
        }
        int saved_errno = errno;
        if (!good)
            return base_error_set_errno(error, saved_errno, "telling the kernel of partition %u",
                                        i + 1);
    }
    return true;
}

static bool partition_gpt(int fd, const ProvisionDisk *disk, bool *out_changed, GError **error)
{
    g_autofree ProvisionGpt *before = g_new0(ProvisionGpt, 1);
    g_autofree ProvisionGpt *after = g_new0(ProvisionGpt, 1);
    ProvisionGptFound found = PROVISION_GPT_NONE;
    if (!provision_gpt_load(before, fd, &found, error))
        return false;
    *after = *before;
    if (disk->wipe_table)
        (void)provision_gpt_init(after, before->sector_bytes, before->n_sectors);
    else if (found == PROVISION_GPT_OTHER)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "the disk has an MBR partition table, and wipeTable is not set");
    if (!provision_partition_plan(after, disk, NULL, error))
        return false;
    *out_changed = disk->wipe_table || found != PROVISION_GPT_GOOD ||
                   !provision_gpt_same_entries(before, after);
    if (!*out_changed)
        return true;
    return provision_gpt_save(after, fd, error) &&
           provision_disks_tell_kernel(fd, before, after, error);
}

/* cloud-config's default: a handful of partitions one after the other, by sfdisk. */
static bool partition_mbr(const char *device, const ProvisionDisk *disk, uint64_t size_bytes,
                          GError **error)
{
    static const char swap_type[] = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f";
    g_autoptr(GString) script = g_string_new("label: dos\n");
    for (guint i = 0; i < disk->partitions->len; i++) {
        const ProvisionPartition *partition = disk->partitions->pdata[i];
        bool swap = g_strcmp0(partition->type_guid, swap_type) == 0;
        uint64_t mib = partition->size_mib >= 0
                           ? (uint64_t)partition->size_mib
                           : size_bytes / (1024 * 1024) / 100 * partition->size_percent;
        if (mib > 0)
            g_string_append_printf(script, "size=%" G_GUINT64_FORMAT "MiB, ", mib);
        g_string_append_printf(script, "type=%s\n", swap ? "82" : "83");
    }
    g_autoptr(GBytes) input = g_bytes_new(script->str, script->len);
    const char *const argv[] = {"sfdisk", "--wipe", "always", "--quiet", device, NULL};
    const BaseRun run = {.argv = argv, .what = "writing the partition table", .stdin_bytes = input};
    return base_run(&run, NULL, NULL, error);
}

bool provision_disks_partition(int fd, const ProvisionDisk *disk, bool *out_changed, GError **error)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    *out_changed = false;
    if (disk->only_if_empty) {
        ProvisionProbe probe = {0};
        if (!provision_disks_probe(path, &probe, error))
            return false;
        if (probe.type[0] != '\0')
            return true;
    }
    if (g_strcmp0(disk->table, "mbr") != 0)
        return partition_gpt(fd, disk, out_changed, error);
    off_t size_bytes = lseek(fd, 0, SEEK_END);
    int saved_errno = errno;
    if (size_bytes < 0)
        return base_error_set_errno(error, saved_errno, "asking for the size of the disk");
    *out_changed = true;
    return partition_mbr(disk->device, disk, (uint64_t)size_bytes, error);
}

static bool make_disk(ProvisionDisks *self, const ProvisionDisk *disk, GError **error)
{
    bool changed = false;
    if (!provision_disks_wait(self, disk->device, error))
        return false;
    base_autofd fd = open(disk->device, O_RDWR | O_CLOEXEC);
    int saved_errno = errno;
    if (fd < 0)
        return base_error_set_errno(error, saved_errno, "opening ‘%s’", disk->device);
    if (!provision_disks_partition(fd, disk, &changed, error)) {
        g_prefix_error(error, "partitioning ‘%s’: ", disk->device);
        return false;
    }
    provision_report_add(self->report, &disk->at, changed ? PROVISION_APPLIED : PROVISION_UNCHANGED,
                         NULL);
    base_fd_clear(&fd);
    fd = -1;
    provision_disks_settle(self);
    return true;
}

static bool make_filesystem(ProvisionDisks *self, const ProvisionFilesystem *filesystem,
                            GError **error)
{
    ProvisionProbe probe = {0};
    if (filesystem->format == NULL)
        return true;
    if (!provision_disks_wait(self, filesystem->device, error) ||
        !provision_disks_probe(filesystem->device, &probe, error))
        return false;
    ProvisionFormatAction action = provision_disks_decide_format(filesystem, &probe);
    if (action == PROVISION_FORMAT_ERROR)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "‘%s’ has %s%s%s%s in it, and wipeFilesystem is not set",
                              filesystem->device, probe.type, probe.label[0] != '\0' ? " (" : "",
                              probe.label, probe.label[0] != '\0' ? ")" : "");
    provision_report_add(self->report, &filesystem->at,
                         action == PROVISION_FORMAT_KEEP ? PROVISION_UNCHANGED : PROVISION_APPLIED,
                         NULL);
    if (action == PROVISION_FORMAT_KEEP)
        return true;
    if (probe.type[0] != '\0' && !provision_disks_wipe(filesystem->device, error))
        return false;
    if (action == PROVISION_FORMAT_WIPE)
        return true;
    g_auto(GStrv) argv = provision_disks_mkfs(filesystem);
    if (argv == NULL)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "file systems of the kind ‘%s’ are not made", filesystem->format);
    g_autofree char *what =
        g_strdup_printf("making %s on ‘%s’", filesystem->format, filesystem->device);
    if (!provision_disks_run(self, what, (const char *const *)argv, NULL, error))
        return false;
    provision_disks_settle(self);
    return true;
}

static bool fail(ProvisionDisks *self, const ProvisionPlace *at, GError *local, GError **error)
{
    provision_report_add(self->report, at, PROVISION_FAILED, "%s", local->message);
    g_propagate_error(error, local);
    return false;
}

bool provision_disks_make(ProvisionDisks *self, GError **error)
{
    const ProvisionPlan *plan = self->plan;
    GError *local = NULL;
    for (guint i = 0; i < plan->disks->len; i++) {
        const ProvisionDisk *disk = plan->disks->pdata[i];
        if (!make_disk(self, disk, &local))
            return fail(self, &disk->at, local, error);
    }
    for (guint i = 0; i < plan->raids->len; i++) {
        const ProvisionRaid *raid = plan->raids->pdata[i];
        if (!provision_disks_make_raid(self, raid, &local))
            return fail(self, &raid->at, local, error);
        provision_report_add(self->report, &raid->at, PROVISION_APPLIED, NULL);
    }
    for (guint i = 0; i < plan->luks->len; i++) {
        const ProvisionLuks *luks = plan->luks->pdata[i];
        if (!provision_disks_make_luks(self, luks, &local))
            return fail(self, &luks->at, local, error);
        provision_report_add(self->report, &luks->at, PROVISION_APPLIED, NULL);
    }
    for (guint i = 0; i < plan->filesystems->len; i++) {
        const ProvisionFilesystem *filesystem = plan->filesystems->pdata[i];
        if (!make_filesystem(self, filesystem, &local))
            return fail(self, &filesystem->at, local, error);
    }
    return true;
}

static int compare_depth(gconstpointer a, gconstpointer b)
{
    const ProvisionFilesystem *const *one = a;
    const ProvisionFilesystem *const *two = b;
    return strcmp((*one)->path, (*two)->path); /* a parent is a prefix of its children */
}

static GPtrArray *mountable(const ProvisionPlan *plan)
{
    GPtrArray *sorted = g_ptr_array_new();
    for (guint i = 0; i < plan->filesystems->len; i++) {
        ProvisionFilesystem *filesystem = plan->filesystems->pdata[i];
        if (filesystem->path != NULL && filesystem->format != NULL &&
            strcmp(filesystem->format, "swap") != 0 && strcmp(filesystem->format, "none") != 0)
            g_ptr_array_add(sorted, filesystem);
    }
    g_ptr_array_sort(sorted, compare_depth);
    return sorted;
}

static bool mount_one(ProvisionDisks *self, const ProvisionFilesystem *filesystem, GError **error)
{
    g_autofree char *path = g_build_filename(self->root, filesystem->path, NULL);
    g_autofree char *real = NULL;
    if (!base_fd_make_dirs(AT_FDCWD, path, 0755, error))
        return false;
    /* a link in the tree must not lead out of it */
    real = realpath(path, NULL);
    g_autofree char *real_root = realpath(self->root, NULL);
    if (real == NULL || real_root == NULL ||
        (strcmp(real_root, "/") != 0 && !g_str_has_prefix(real, real_root)))
        return base_error_set(error, BASE_ERROR_FAILED, "‘%s’ leads out of ‘%s’", path, self->root);
    GStrvBuilder *builder = g_strv_builder_new();
    g_autofree char *options =
        filesystem->mount_options == NULL ? NULL : g_strjoinv(",", filesystem->mount_options);
    g_strv_builder_add_many(builder, "mount", "-t", filesystem->format, NULL);
    if (options != NULL)
        g_strv_builder_add_many(builder, "-o", options, NULL);
    g_strv_builder_add_many(builder, filesystem->device, real, NULL);
    g_auto(GStrv) argv = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    g_autofree char *what = g_strdup_printf("mounting ‘%s’ at ‘%s’", filesystem->device, path);
    return provision_disks_wait(self, filesystem->device, error) &&
           provision_disks_run(self, what, (const char *const *)argv, NULL, error);
}

bool provision_disks_mount(ProvisionDisks *self, GError **error)
{
    g_autoptr(GPtrArray) sorted = mountable(self->plan);
    for (guint i = 0; i < sorted->len; i++) {
        const ProvisionFilesystem *filesystem = sorted->pdata[i];
        GError *local = NULL;
        if (!mount_one(self, filesystem, &local))
            return fail(self, &filesystem->at, local, error);
    }
    return true;
}

bool provision_disks_umount(ProvisionDisks *self, GError **error)
{
    g_autoptr(GPtrArray) sorted = mountable(self->plan);
    for (guint i = sorted->len; i > 0; i--) {
        const ProvisionFilesystem *filesystem = sorted->pdata[i - 1];
        g_autofree char *path = g_build_filename(self->root, filesystem->path, NULL);
        int failed = umount2(path, UMOUNT_NOFOLLOW);
        int saved_errno = errno;
        if (failed < 0 && saved_errno != EINVAL)
            return base_error_set_errno(error, saved_errno, "unmounting ‘%s’", path);
    }
    return true;
}
