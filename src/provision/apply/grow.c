/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Growing the root's partition and file system to the disk. Images that atoll makes do this
 * themselves (systemd-repart, atoll-grow-root.service); then it is not done twice.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/disks/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/ext4.h, which older kernels' headers have not */
#ifndef EXT4_IOC_RESIZE_FS
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#endif

static const ProvisionPlace at_growpart = {.key = "growpart"};
static const ProvisionPlace at_resize = {.key = "resize_rootfs"};

static bool image_grows_itself(ProvisionApply *self)
{
    struct stat st = {0};
    return provision_root_stat(self->root, "/usr/lib/systemd/system/atoll-grow-root.service",
                               PROVISION_ROOT_FOLLOW, &st);
}

/* The block device of a mounted path, by /proc/self/mountinfo: "/dev/vda2". */
static char *device_of(const char *path, char **out_type)
{
    g_autofree char *text = NULL;
    char *device = NULL;
    if (!g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) halves = g_strsplit(*line, " - ", 2);
        if (halves[0] == NULL || halves[1] == NULL)
            continue;
        g_auto(GStrv) left = g_strsplit(halves[0], " ", -1);
        g_auto(GStrv) right = g_strsplit(halves[1], " ", -1);
        if (g_strv_length(left) < 5 || g_strv_length(right) < 2 || strcmp(left[4], path) != 0 ||
            !g_str_has_prefix(right[1], "/dev/"))
            continue;
        g_free(device);
        device = g_strdup(right[1]);
        g_free(*out_type);
        *out_type = g_strdup(right[0]);
    }
    return device;
}

/* A partition's disk and number, by sysfs. */
static bool split_partition(const char *device, char **out_disk, char **out_number)
{
    struct stat st = {0};
    g_autofree char *number = NULL;
    if (stat(device, &st) < 0 || !S_ISBLK(st.st_mode))
        return false;
    g_autofree char *directory =
        g_strdup_printf("/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
    g_autofree char *file = g_build_filename(directory, "partition", NULL);
    g_autofree char *real = realpath(directory, NULL);
    if (real == NULL || !g_file_get_contents(file, &number, NULL, NULL))
        return false;
    g_autofree char *above = g_path_get_dirname(real);
    g_autofree char *disk = g_path_get_basename(above);
    *out_disk = g_strdup_printf("/dev/%s", disk);
    *out_number = g_strdup(g_strstrip(number));
    return true;
}

/* Other tables than GPT are grown by programs, which an image need not have. */
static bool grow_by_program(ProvisionApply *self, const char *disk, const char *number,
                            bool *out_changed, GError **error)
{
    const char *const growpart[] = {"growpart", disk, number, NULL};
    const char *const sfdisk[] = {"/bin/sh",
                                  "-c",
                                  "echo ', +' | sfdisk --no-reread --no-tell-kernel -q -N \"$2\" "
                                  "\"$1\" && partx -u -n \"$2\" \"$1\"",
                                  "sh",
                                  disk,
                                  number,
                                  NULL};
    g_autofree char *program = g_find_program_in_path("growpart");
    g_autoptr(GError) local = NULL;
    *out_changed = true;
    if (program == NULL)
        return provision_apply_run(self, sfdisk, NULL, error);
    /* growpart's 1 is “nothing to grow” */
    if (!provision_apply_run(self, growpart, NULL, &local))
        *out_changed = false;
    if (local != NULL && strstr(local->message, "status 1;") == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return true;
}

static bool grow(ProvisionApply *self, const char *device, bool *out_changed, GError **error)
{
    g_autofree char *disk = NULL;
    g_autofree char *number = NULL;
    bool is_gpt = false;
    if (!split_partition(device, &disk, &number))
        return true;
    base_autofd fd = open(disk, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", disk);
    if (!provision_disks_grow(fd, (unsigned)g_ascii_strtoull(number, NULL, 10), &is_gpt,
                              out_changed, error)) {
        g_prefix_error(error, "growing partition %s of ‘%s’: ", number, disk);
        return false;
    }
    return is_gpt || grow_by_program(self, disk, number, out_changed, error);
}

bool provision_apply_growpart(ProvisionApply *self, GError **error)
{
    const ProvisionSettings *s = &self->plan->settings;
    const ProvisionPlace *at = s->growpart_mode.text != NULL ? &s->growpart_mode.at : &at_growpart;
    g_autofree char *type = NULL;
    (void)error;
    if (g_strcmp0(s->growpart_mode.text, "off") == 0 ||
        g_strcmp0(s->growpart_mode.text, "false") == 0 || !provision_root_is_running(self->root))
        return true;
    if (image_grows_itself(self)) {
        if (s->growpart_mode.text != NULL || s->growpart_devices.texts != NULL)
            provision_report_add(self->report, at, PROVISION_UNCHANGED,
                                 "atoll-grow-root.service grows the root");
        return true;
    }
    static char *root_only[] = {(char *)"/", NULL};
    char **devices = s->growpart_devices.texts != NULL ? s->growpart_devices.texts : root_only;
    for (char **entry = devices; *entry != NULL; entry++) {
        g_autoptr(GError) local = NULL;
        bool changed = false;
        g_autofree char *mounted =
            g_str_has_prefix(*entry, "/dev/") ? g_strdup(*entry) : device_of(*entry, &type);
        if (mounted == NULL)
            continue;
        bool good = grow(self, mounted, &changed, &local);
        if (!good || changed || s->growpart_mode.text != NULL)
            provision_apply_outcome(self, at, good, changed, g_steal_pointer(&local));
    }
    return true;
}

/* Where a file system is mounted that can be written to: the root of an OSTree host is not, but its
 * /var is on the same one. */
static const char *writable_place(void)
{
    static const char *const places[] = {"/", "/var", "/etc"};
    struct stat root = {0};
    for (size_t i = 0; stat("/", &root) == 0 && i < G_N_ELEMENTS(places); i++) {
        struct stat st = {0};
        struct statvfs fs = {0};
        if (stat(places[i], &st) == 0 && st.st_dev == root.st_dev && statvfs(places[i], &fs) == 0 &&
            (fs.f_flag & ST_RDONLY) == 0)
            return places[i];
    }
    return NULL;
}

/* resize2fs takes the first place where the file system is mounted, writable or not. */
static bool grow_ext4(const char *device, const char *place, GError **error)
{
    base_autofd disk = open(device, O_RDONLY | O_CLOEXEC);
    base_autofd fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statfs fs = {0};
    uint64_t size_bytes = 0;
    if (disk < 0 || fd < 0 || ioctl(disk, BLKGETSIZE64, &size_bytes) < 0 || fstatfs(fd, &fs) < 0)
        return base_error_set_errno(error, errno, "looking at ‘%s’, which has ‘%s’", device, place);
    uint64_t blocks = size_bytes / (uint64_t)fs.f_bsize;
    if (ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks) < 0)
        return base_error_set_errno(error, errno, "growing the file system of ‘%s’", device);
    return true;
}

static bool grow_filesystem(ProvisionApply *self, const char *type, const char *device,
                            GError **error)
{
    const char *place = writable_place();
    const char *const resize2fs[] = {"resize2fs", device, NULL};
    const char *const xfs[] = {"xfs_growfs", place, NULL};
    const char *const btrfs[] = {"btrfs", "filesystem", "resize", "max", place, NULL};
    if (place == NULL)
        return base_error_set(error, BASE_ERROR_FAILED, "the root is mounted read-only");
    if (strcmp(type, "ext4") == 0)
        return grow_ext4(device, place, error);
    return provision_apply_run(self,
                               strcmp(type, "xfs") == 0     ? xfs
                               : strcmp(type, "btrfs") == 0 ? btrfs
                                                            : resize2fs,
                               NULL, error);
}

bool provision_apply_resizefs(ProvisionApply *self, GError **error)
{
    const ProvisionText *setting = &self->plan->settings.resize_rootfs;
    const ProvisionPlace *at = setting->text != NULL ? &setting->at : &at_resize;
    g_autofree char *type = NULL;
    g_autoptr(GError) local = NULL;
    (void)error;
    if (g_strcmp0(setting->text, "false") == 0 || !provision_root_is_running(self->root) ||
        image_grows_itself(self))
        return true;
    g_autofree char *device = device_of("/", &type);
    struct stat st = {0};
    if (device == NULL || type == NULL)
        return true;
    /* a container sees that its root is on a disk, and has no disk */
    if (stat(device, &st) < 0 || !S_ISBLK(st.st_mode)) {
        if (setting->text != NULL)
            provision_report_add(self->report, at, PROVISION_NOT_APPLICABLE,
                                 "‘%s’, which has the root, is not here", device);
        return true;
    }
    if (!g_str_has_prefix(type, "ext") && strcmp(type, "xfs") != 0 && strcmp(type, "btrfs") != 0)
        return true;
    bool good = grow_filesystem(self, type, device, &local);
    if (!good || setting->text != NULL)
        provision_apply_outcome(self, at, good, true, g_steal_pointer(&local));
    return true;
}
