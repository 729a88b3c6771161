/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File systems: what is there, what becomes of it, which program makes it.
 */
#include "provision/disks/disks-private.h"

#include "base/error.h"

#include <blkid.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void copy_value(blkid_probe probe, const char *name, char *to, size_t size)
{
    const char *value = NULL;
    if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0 && value != NULL)
        (void)g_strlcpy(to, value, size);
}

bool provision_disks_probe(const char *device, ProvisionProbe *out_probe, GError **error)
{
    blkid_probe probe = blkid_new_probe_from_filename(device);
    int saved_errno = errno;
    ProvisionProbe found = {0};
    if (probe == NULL)
        return base_error_set_errno(error, saved_errno, "opening ‘%s’", device);
    blkid_probe_enable_superblocks(probe, 1);
    blkid_probe_set_superblocks_flags(probe,
                                      BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID);
    blkid_probe_enable_partitions(probe, 1);
    int result = blkid_do_safeprobe(probe);
    copy_value(probe, "TYPE", found.type, sizeof found.type);
    copy_value(probe, "LABEL", found.label, sizeof found.label);
    copy_value(probe, "UUID", found.uuid, sizeof found.uuid);
    if (result == 0 && found.type[0] == '\0')
        copy_value(probe, "PTTYPE", found.type, sizeof found.type);
    blkid_free_probe(probe);
    if (result == -2)
        (void)g_strlcpy(found.type, "several things", sizeof found.type);
    else if (result < 0)
        return base_error_set(error, BASE_ERROR_FAILED, "‘%s’ cannot be read", device);
    *out_probe = found;
    return true;
}

bool provision_disks_wipe(const char *device, GError **error)
{
    int fd = open(device, O_RDWR | O_CLOEXEC | O_EXCL);
    int saved_errno = errno;
    if (fd < 0)
        return base_error_set_errno(error, saved_errno, "opening ‘%s’ to wipe it", device);
    blkid_probe probe = blkid_new_probe();
    bool good = probe != NULL && blkid_probe_set_device(probe, fd, 0, 0) == 0;
    if (good) {
        blkid_probe_enable_superblocks(probe, 1);
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_TYPE |
                                                     BLKID_SUBLKS_BADCSUM);
        blkid_probe_enable_partitions(probe, 1);
        blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
        while (good && blkid_do_probe(probe) == 0)
            good = blkid_do_wipe(probe, 0) == 0;
    }
    blkid_free_probe(probe);
    good = fsync(fd) == 0 && good;
    (void)close(fd);
    return good || base_error_set(error, BASE_ERROR_FAILED, "wiping ‘%s’ failed", device);
}

static bool same_uuid(const char *wanted, const char *there)
{
    g_autofree char *a = g_ascii_strdown(wanted, -1);
    g_autofree char *b = g_ascii_strdown(there, -1);
    g_auto(GStrv) a_parts = g_strsplit(a, "-", -1);
    g_auto(GStrv) b_parts = g_strsplit(b, "-", -1);
    g_autofree char *a_plain = g_strjoinv("", a_parts);
    g_autofree char *b_plain = g_strjoinv("", b_parts);
    return strcmp(a_plain, b_plain) == 0;
}

ProvisionFormatAction provision_disks_decide_format(const ProvisionFilesystem *wanted,
                                                    const ProvisionProbe *there)
{
    bool blank = there->type[0] == '\0';
    bool none = g_strcmp0(wanted->format, "none") == 0;
    if (wanted->format == NULL || (wanted->only_if_blank && !blank))
        return PROVISION_FORMAT_KEEP;
    if (none)
        return blank          ? PROVISION_FORMAT_KEEP
               : wanted->wipe ? PROVISION_FORMAT_WIPE
                              : PROVISION_FORMAT_ERROR;
    if (wanted->wipe || blank)
        return PROVISION_FORMAT_MAKE;
    if (strcmp(there->type, wanted->format) == 0 &&
        (wanted->label == NULL || strcmp(wanted->label, there->label) == 0) &&
        (wanted->uuid == NULL || same_uuid(wanted->uuid, there->uuid)))
        return PROVISION_FORMAT_KEEP;
    return PROVISION_FORMAT_ERROR;
}

static void add_option(GStrvBuilder *argv, const char *option, const char *value)
{
    if (value == NULL)
        return;
    g_strv_builder_add(argv, option);
    g_strv_builder_add(argv, value);
}

char **provision_disks_mkfs(const ProvisionFilesystem *wanted)
{
    static const struct {
        const char *format;
        const char *program;
        const char *force; /* (nullable) */
        const char *uuid;
        const char *label;
    } rows[] = {
        {"ext4", "mkfs.ext4", "-F", "-U", "-L"}, {"ext3", "mkfs.ext3", "-F", "-U", "-L"},
        {"ext2", "mkfs.ext2", "-F", "-U", "-L"}, {"btrfs", "mkfs.btrfs", "-f", "-U", "-L"},
        {"xfs", "mkfs.xfs", "-f", "-m", "-L"},   {"vfat", "mkfs.vfat", "-I", "-i", "-n"},
        {"swap", "mkswap", "-f", "-U", "-L"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_strcmp0(wanted->format, rows[i].format) != 0)
            continue;
        GStrvBuilder *argv = g_strv_builder_new();
        g_autofree char *xfs_uuid = g_strconcat("uuid=", wanted->uuid, NULL);
        g_auto(GStrv) parts = g_strsplit(wanted->uuid != NULL ? wanted->uuid : "", "-", -1);
        g_autofree char *fat_uuid = g_strjoinv("", parts);
        const char *uuid = wanted->uuid;
        if (uuid != NULL && strcmp(wanted->format, "xfs") == 0)
            uuid = xfs_uuid;
        if (uuid != NULL && strcmp(wanted->format, "vfat") == 0)
            uuid = fat_uuid;
        g_strv_builder_add(argv, rows[i].program);
        g_strv_builder_add(argv, rows[i].force);
        add_option(argv, rows[i].uuid, uuid);
        add_option(argv, rows[i].label, wanted->label);
        for (char **option = wanted->options; option != NULL && *option != NULL; option++)
            g_strv_builder_add(argv, *option);
        g_strv_builder_add(argv, wanted->device);
        char **words = g_strv_builder_end(argv);
        g_strv_builder_unref(argv);
        return words;
    }
    return NULL;
}
