/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The spec's rules for disks, RAID, LUKS and file systems.
 */
#include "provision/ignition/rules.h"

#include <string.h>

#define fail provision_ignition_rules_fail

static void check_guid(ProvisionIgnitionRules *self, const ProvisionValue *partition,
                       const char *key)
{
    const char *guid = provision_ignition_nonempty(partition, key);
    if (guid != NULL && !g_uuid_string_is_valid(guid))
        fail(self, &provision_value_find(partition, key)->at,
             "a GUID like 01234567-89AB-CDEF-EDCB-A98765432101 is wanted");
}

static void check_partition(ProvisionIgnitionRules *self, const ProvisionValue *partition)
{
    const char *label = provision_ignition_text(partition, "label");
    int64_t number = provision_ignition_number(partition, "number", 0);
    bool has_start = provision_ignition_number(partition, "startMiB", -1) >= 0;
    bool has_size = provision_ignition_number(partition, "sizeMiB", -1) >= 0;
    if (provision_ignition_flag(partition, "shouldExist") == 0 &&
        (label != NULL || provision_ignition_nonempty(partition, "typeGuid") != NULL ||
         provision_ignition_nonempty(partition, "guid") != NULL || has_start || has_size))
        fail(self, &partition->at, "a partition that should not exist has other properties too");
    if (number == 0 && label == NULL)
        fail(self, &partition->at, "a number or a label is wanted");
    if (number < 0 || number > 128)
        fail(self, &partition->at, "partitions have numbers from 1 to 128");
    if (provision_ignition_number(partition, "startMiB", 0) < 0 ||
        provision_ignition_number(partition, "sizeMiB", 0) < 0)
        fail(self, &partition->at, "start and size are not negative");
    if (label != NULL && strlen(label) > 36)
        fail(self, &partition->at, "the label has more than 36 characters");
    if (label != NULL && strchr(label, ':') != NULL)
        fail(self, &partition->at, "a label has no colon");
    check_guid(self, partition, "guid");
    check_guid(self, partition, "typeGuid");
}

static bool overlap(const ProvisionValue *a, const ProvisionValue *b)
{
    int64_t a_start = provision_ignition_number(a, "startMiB", -1);
    int64_t b_start = provision_ignition_number(b, "startMiB", -1);
    int64_t a_size = provision_ignition_number(a, "sizeMiB", -1);
    int64_t b_size = provision_ignition_number(b, "sizeMiB", -1);
    if (a_start <= 0 || b_start <= 0 || a_size < 0 || b_size < 0)
        return false;
    return a_start < b_start + MAX(b_size, 1) && b_start < a_start + MAX(a_size, 1);
}

static void check_disk(ProvisionIgnitionRules *self, const ProvisionValue *disk)
{
    unsigned n = provision_ignition_items(disk, "partitions");
    g_autoptr(GHashTable) labels = g_hash_table_new(g_str_hash, g_str_equal);
    provision_ignition_rules_path(self, disk, "device");
    for (unsigned i = 0; i < n; i++) {
        const ProvisionValue *partition = provision_ignition_item(disk, "partitions", i);
        const char *label = provision_ignition_text(partition, "label");
        check_partition(self, partition);
        if (label != NULL && !g_hash_table_add(labels, (gpointer)label))
            fail(self, &partition->at, "another partition has this label");
        for (unsigned j = 0; j < i; j++) {
            if (overlap(partition, provision_ignition_item(disk, "partitions", j)))
                fail(self, &partition->at, "overlaps partitions[%u]", j);
        }
    }
}

static void check_filesystem(ProvisionIgnitionRules *self, const ProvisionValue *filesystem)
{
    static const struct {
        const char *format;
        size_t label_bytes;
        unsigned since;
    } formats[] = {{"ext4", 16, 0}, {"btrfs", 256, 0}, {"xfs", 12, 0},
                   {"swap", 15, 0}, {"vfat", 11, 0},   {"none", 0, 3}};
    const char *format = provision_ignition_nonempty(filesystem, "format");
    const char *label = provision_ignition_nonempty(filesystem, "label");
    provision_ignition_rules_path(self, filesystem, "device");
    if (provision_ignition_nonempty(filesystem, "path") != NULL)
        provision_ignition_rules_path(self, filesystem, "path");
    if (format == NULL) {
        if (provision_ignition_nonempty(filesystem, "path") != NULL || label != NULL ||
            provision_ignition_nonempty(filesystem, "uuid") != NULL ||
            provision_ignition_flag(filesystem, "wipeFilesystem") == 1 ||
            provision_ignition_items(filesystem, "options") > 0 ||
            provision_ignition_items(filesystem, "mountOptions") > 0)
            fail(self, &filesystem->at, "‘format’ is missing");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(format, formats[i].format) != 0 || formats[i].since > self->minor)
            continue;
        if (label != NULL && formats[i].label_bytes > 0 && strlen(label) > formats[i].label_bytes)
            fail(self, &filesystem->at, "labels of %s have at most %zu characters", format,
                 formats[i].label_bytes);
        return;
    }
    fail(self, &provision_value_find(filesystem, "format")->at,
         "‘%s’ is not ext4, btrfs, xfs, vfat, swap%s", format, self->minor >= 3 ? " or none" : "");
}

static void check_raid(ProvisionIgnitionRules *self, const ProvisionValue *raid)
{
    static const char *const levels[] = {"linear", "raid0",  "0",  "stripe", "raid1", "1",
                                         "mirror", "raid4",  "4",  "raid5",  "5",     "raid6",
                                         "6",      "raid10", "10", NULL};
    static const char *const without_spares[] = {"linear", "raid0", "0", "stripe", NULL};
    const char *level = provision_ignition_nonempty(raid, "level");
    if (level == NULL || !g_strv_contains(levels, level))
        fail(self, &raid->at, "‘level’ is not one that mdadm knows");
    else if (g_strv_contains(without_spares, level) &&
             provision_ignition_number(raid, "spares", 0) != 0)
        fail(self, &raid->at, "an array of level %s has no spares", level);
    if (strchr(provision_ignition_text(raid, "name"), '/') != NULL)
        fail(self, &raid->at, "a name has no slash");
    if (provision_ignition_items(raid, "devices") == 0)
        fail(self, &raid->at, "‘devices’ is missing");
    for (unsigned i = 0; i < provision_ignition_items(raid, "devices"); i++) {
        const ProvisionValue *device = provision_ignition_item(raid, "devices", i);
        if (device->text[0] != '/')
            fail(self, &device->at, "‘%s’ is not an absolute path", device->text);
    }
}

static void check_tang(ProvisionIgnitionRules *self, const ProvisionValue *tang)
{
    const char *url = provision_ignition_text(tang, "url");
    const char *advertisement = provision_ignition_nonempty(tang, "advertisement");
    g_autoptr(GBytes) bytes =
        advertisement == NULL ? NULL : g_bytes_new(advertisement, strlen(advertisement));
    if (url == NULL || (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")))
        fail(self, &tang->at, "an http: or https: URL is wanted");
    if (provision_ignition_nonempty(tang, "thumbprint") == NULL)
        fail(self, &tang->at, "‘thumbprint’ is missing");
    if (bytes != NULL) {
        g_autoptr(ProvisionValue) value =
            provision_value_parse("advertisement", bytes, PROVISION_VALUE_JSON, NULL);
        if (value == NULL)
            fail(self, &tang->at, "‘advertisement’ is not JSON");
    }
}

static void check_luks(ProvisionIgnitionRules *self, const ProvisionValue *luks)
{
    const ProvisionValue *clevis = provision_value_find(luks, "clevis");
    const ProvisionValue *custom = provision_value_find(clevis, "custom");
    const char *label = provision_ignition_text(luks, "label");
    bool has_pin = provision_ignition_nonempty(custom, "pin") != NULL;
    bool has_config = provision_ignition_nonempty(custom, "config") != NULL;
    unsigned n_tang = provision_ignition_items(clevis, "tang");
    bool other = n_tang > 0 || provision_ignition_flag(clevis, "tpm2") == 1 ||
                 provision_ignition_number(clevis, "threshold", 0) != 0;
    if (strchr(provision_ignition_text(luks, "name"), '/') != NULL)
        fail(self, &luks->at, "a name has no slash");
    if (provision_ignition_nonempty(luks, "device") == NULL)
        fail(self, &luks->at, "‘device’ is missing");
    else
        provision_ignition_rules_path(self, luks, "device");
    if (label != NULL && strlen(label) > 47)
        fail(self, &luks->at, "the label has more than 47 characters");
    provision_ignition_rules_resource(self, provision_value_find(luks, "keyFile"));
    if (has_pin && other)
        fail(self, &clevis->at, "‘custom’ excludes tpm2, tang and threshold");
    if (has_pin != has_config || (!has_pin && provision_ignition_flag(custom, "needsNetwork") == 1))
        fail(self, &custom->at, "‘pin’ and ‘config’ are both wanted");
    for (unsigned i = 0; i < n_tang; i++)
        check_tang(self, provision_ignition_item(clevis, "tang", i));
    if (provision_ignition_flag(provision_value_find(luks, "cex"), "enabled") == 1) {
        if (has_pin || other)
            fail(self, &luks->at, "‘cex’ excludes ‘clevis’");
        if (provision_ignition_nonempty(provision_value_find(luks, "keyFile"), "source") != NULL)
            fail(self, &luks->at, "‘cex’ excludes ‘keyFile’");
    }
}

void provision_ignition_rules_disks(ProvisionIgnitionRules *self, const ProvisionValue *storage)
{
    for (unsigned i = 0; i < provision_ignition_items(storage, "disks"); i++)
        check_disk(self, provision_ignition_item(storage, "disks", i));
    for (unsigned i = 0; i < provision_ignition_items(storage, "raid"); i++)
        check_raid(self, provision_ignition_item(storage, "raid", i));
    for (unsigned i = 0; i < provision_ignition_items(storage, "luks"); i++)
        check_luks(self, provision_ignition_item(storage, "luks", i));
    for (unsigned i = 0; i < provision_ignition_items(storage, "filesystems"); i++)
        check_filesystem(self, provision_ignition_item(storage, "filesystems", i));
}
