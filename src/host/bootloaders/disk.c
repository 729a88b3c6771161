/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the partitions of boot loaders beside the one that / is on, by the names that ‘atoll
 * image’ gives them. The kernel has read the partition table; it is not read again.
 */
#include "host/bootloaders/loader.h"

#include "base/fd.h"
#include "host/error.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#define MAX_BYTES 4096

void host_loader_disk_clear(HostLoaderDisk *self)
{
    g_clear_pointer(&self->disk, g_free);
    g_clear_pointer(&self->bios, g_free);
    g_clear_pointer(&self->esp, g_free);
}

static char *read_text(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_BYTES, NULL);
    const char *data = bytes != NULL ? g_bytes_get_data(bytes, NULL) : NULL;
    return data != NULL ? g_strstrip(g_strdup(data)) : NULL;
}

static uint64_t read_number(const char *dir, const char *name)
{
    g_autofree char *text = read_text(dir, name);
    return text != NULL ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* The value of KEY in a uevent file. */
static char *find_value(const char *uevent, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(uevent, "\n", -1);
    size_t chars = strlen(key);
    for (char **line = lines; *line != NULL; line++)
        if (strncmp(*line, key, chars) == 0 && (*line)[chars] == '=')
            return g_strdup(*line + chars + 1);
    return NULL;
}

static void take_partition(HostLoaderDisk *self, const char *dir)
{
    g_autofree char *uevent = read_text(dir, "uevent");
    g_autofree char *label = uevent != NULL ? find_value(uevent, "PARTNAME") : NULL;
    g_autofree char *name = uevent != NULL ? find_value(uevent, "DEVNAME") : NULL;
    if (label == NULL || name == NULL)
        return;
    if (strcmp(label, "esp") == 0 && self->esp == NULL) {
        self->esp = g_build_filename("/dev", name, NULL);
    } else if (strcmp(label, "bios") == 0 && self->bios == NULL) {
        self->bios = g_build_filename("/dev", name, NULL);
        self->bios_sector = read_number(dir, "start"); /* in sectors of 512 bytes, always */
        self->bios_bytes = read_number(dir, "size") * BOOT_CORE_SECTOR_BYTES;
    }
}

bool host_loader_disk_find(dev_t device, HostLoaderDisk *out_disk, GError **error)
{
    g_auto(HostLoaderDisk) found = {0};
    g_autofree char *link = g_strdup_printf("/sys/dev/block/%u:%u", major(device), minor(device));
    g_autofree char *partition = realpath(link, NULL);
    if (partition == NULL)
        return host_error_set(error, HOST_ERROR_FAILED,
                              "the device that / is on (%u:%u) is not in /sys", major(device),
                              minor(device));
    g_autofree char *number = read_text(partition, "partition");
    g_autofree char *parent = g_path_get_dirname(partition);
    g_autofree char *uevent = read_text(parent, "uevent");
    g_autofree char *name = uevent != NULL ? find_value(uevent, "DEVNAME") : NULL;
    g_autoptr(GDir) dir = number != NULL && name != NULL ? g_dir_open(parent, 0, NULL) : NULL;
    if (dir != NULL)
        found.disk = g_build_filename("/dev", name, NULL);
    const char *entry = NULL;
    while (dir != NULL && (entry = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(parent, entry, NULL);
        g_autofree char *is_partition = read_text(path, "partition");
        if (is_partition != NULL)
            take_partition(&found, path);
    }
    *out_disk = found;
    memset(&found, 0, sizeof found);
    return true;
}
