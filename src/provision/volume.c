/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Labelled volumes that may hold configuration: finding them by libblkid, and reading them through
 * a mount that is attached nowhere.
 */
#include "provision/volume.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#define MAX_DEVICES 1024

/* Whatever else a disk is labelled, it is not read. */
static const char *const labels[] = {"cidata",  "config-2", "CONTEXT",        "CDROM", "METADATA",
                                     "OVF ENV", "OVFENV",   "rd_rdfe_stable", NULL};

static void volume_free(gpointer data)
{
    ProvisionVolume *self = data;
    g_free(self->label);
    g_free(self->type);
    g_free(self->device);
    g_free(self);
}

GPtrArray *provision_volumes_new(void)
{
    return g_ptr_array_new_with_free_func(volume_free);
}

static bool is_wanted(const char *label)
{
    for (const char *const *known = labels; *known != NULL; known++)
        if (g_ascii_strcasecmp(label, *known) == 0)
            return true;
    return g_str_has_prefix(label, "rd_rdfe");
}

static void add(GPtrArray *volumes, const char *label, const char *type, const char *device)
{
    ProvisionVolume *volume = g_new0(ProvisionVolume, 1);
    volume->label = g_strdup(label);
    volume->type = g_strdup(type);
    volume->device = g_strdup(device);
    g_ptr_array_add(volumes, volume);
}

static void probe(int fd, const char *device, GPtrArray *volumes)
{
    const char *type = NULL;
    blkid_probe blkid = blkid_new_probe();
    if (blkid == NULL)
        return;
    blkid_probe_enable_superblocks(blkid, 1);
    blkid_probe_set_superblocks_flags(blkid, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE);
    if (blkid_probe_set_device(blkid, fd, 0, 0) == 0 && blkid_do_safeprobe(blkid) == 0 &&
        blkid_probe_lookup_value(blkid, "TYPE", &type, NULL) == 0) {
        /* a FAT has two labels, and tools that write but one of them */
        static const char *const names[] = {"LABEL", "LABEL_FATBOOT"};
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
            const char *label = NULL;
            if (blkid_probe_lookup_value(blkid, names[i], &label, NULL) == 0 && is_wanted(label)) {
                add(volumes, label, type, device);
                break;
            }
        }
    }
    blkid_free_probe(blkid);
}

/* RAM disks and loop devices are there by the dozen, empty. */
static bool is_empty(int root, const char *name)
{
    g_autofree char *path = g_strdup_printf("sys/class/block/%s/size", name);
    g_autoptr(GBytes) size = base_fd_read_file(root, path, 64, NULL);
    return g_str_has_prefix(name, "ram") || g_str_has_prefix(name, "zram") || size == NULL ||
           g_ascii_strtoull(g_bytes_get_data(size, NULL), NULL, 10) == 0;
}

static void find_device(int root, const char *name, GPtrArray *volumes)
{
    if (*name == '.' || is_empty(root, name))
        return;
    g_autofree char *device = g_strconcat("/dev/", name, NULL);
    base_autofd fd = openat(root, device + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        probe(fd, device, volumes);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void provision_volumes_find(int root, GPtrArray *volumes)
{
    base_autofd fd = openat(root, "sys/class/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL)
        return;
    (void)base_fd_steal(&fd);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (struct dirent *entry = readdir(dir); entry != NULL && names->len < MAX_DEVICES;
         entry = readdir(dir))
        g_ptr_array_add(names, g_strdup(entry->d_name));
    closedir(dir);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++)
        find_device(root, g_ptr_array_index(names, i), volumes);
}

static int mount_detached(const char *type, const char *device)
{
    base_autofd context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0)
        return -1;
    if (fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0) != 0 ||
        fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) != 0 ||
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
        return -1;
    return fsmount(context, FSMOUNT_CLOEXEC,
                   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int provision_volume_open(const ProvisionVolume *volume, int root, GError **error)
{
    /* the kernel opens the device by its path, so below another root there is nothing to mount:
     * descriptors lead there whatever the root is */
    base_autofd device = openat(root, volume->device + 1, O_RDONLY | O_CLOEXEC);
    int saved_errno = errno;
    if (device < 0) {
        base_error_set_errno(error, saved_errno, "opening ‘%s’", volume->device);
        return -1;
    }
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", device);
    int fd = mount_detached(volume->type, path);
    saved_errno = errno;
    if (fd < 0)
        base_error_set_errno(error, saved_errno, "mounting the %s volume ‘%s’ of ‘%s’",
                             volume->type, volume->label, volume->device);
    return fd;
}
