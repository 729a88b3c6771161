/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a merged config to a plan: disks, RAID, LUKS, file systems.
 */
#include "provision/ignition/plan-private.h"

#include <string.h>

static void plan_disk(const ProvisionValue *value, ProvisionPlan *plan)
{
    ProvisionDisk *disk = provision_disk_new(&value->at, provision_ignition_text(value, "device"));
    disk->table = g_strdup("gpt");
    disk->wipe_table = provision_ignition_flag(value, "wipeTable") == 1;
    for (unsigned i = 0; i < provision_ignition_items(value, "partitions"); i++) {
        const ProvisionValue *item = provision_ignition_item(value, "partitions", i);
        ProvisionPartition *partition = provision_partition_new(&item->at);
        partition->number = (unsigned)provision_ignition_number(item, "number", 0);
        partition->label = g_strdup(provision_ignition_text(item, "label"));
        partition->type_guid = g_strdup(provision_ignition_nonempty(item, "typeGuid"));
        partition->guid = g_strdup(provision_ignition_nonempty(item, "guid"));
        partition->size_mib = provision_ignition_number(item, "sizeMiB", -1);
        partition->start_mib = provision_ignition_number(item, "startMiB", -1);
        partition->should_exist = provision_ignition_tristate(item, "shouldExist");
        partition->wipe = provision_ignition_flag(item, "wipePartitionEntry") == 1;
        partition->resize = provision_ignition_flag(item, "resize") == 1;
        g_ptr_array_add(disk->partitions, partition);
    }
    g_ptr_array_add(plan->disks, disk);
}

static void plan_raid(const ProvisionValue *value, ProvisionPlan *plan)
{
    ProvisionRaid *raid = provision_raid_new(&value->at, provision_ignition_text(value, "name"));
    raid->level = g_strdup(provision_ignition_text(value, "level"));
    raid->devices = provision_ignition_texts(value, "devices");
    raid->spares = (unsigned)provision_ignition_number(value, "spares", 0);
    raid->options = provision_ignition_texts(value, "options");
    g_ptr_array_add(plan->raids, raid);
}

static char **plan_tang(const ProvisionValue *clevis)
{
    unsigned n = provision_ignition_items(clevis, "tang");
    GStrvBuilder *builder = g_strv_builder_new();
    for (unsigned i = 0; i < n; i++) {
        const ProvisionValue *tang = provision_ignition_item(clevis, "tang", i);
        const char *advertisement = provision_ignition_nonempty(tang, "advertisement");
        g_autofree char *line = g_strdup_printf("%s %s%s%s", provision_ignition_text(tang, "url"),
                                                provision_ignition_text(tang, "thumbprint"),
                                                advertisement != NULL ? " " : "",
                                                advertisement != NULL ? advertisement : "");
        g_strv_builder_add(builder, line);
    }
    char **texts = n > 0 ? g_strv_builder_end(builder) : NULL;
    g_strv_builder_unref(builder);
    return texts;
}

static void plan_luks(const ProvisionValue *value, ProvisionPlan *plan, ProvisionReport *report)
{
    ProvisionLuks *luks = provision_luks_new(&value->at, provision_ignition_text(value, "name"));
    const ProvisionValue *clevis = provision_value_find(value, "clevis");
    const ProvisionValue *custom = provision_value_find(clevis, "custom");
    const ProvisionValue *cex = provision_value_find(value, "cex");
    luks->device = g_strdup(provision_ignition_text(value, "device"));
    luks->label = g_strdup(provision_ignition_nonempty(value, "label"));
    luks->uuid = g_strdup(provision_ignition_nonempty(value, "uuid"));
    luks->wipe = provision_ignition_flag(value, "wipeVolume") == 1;
    luks->key = provision_ignition_contents(provision_value_find(value, "keyFile"));
    luks->tpm2 = provision_ignition_flag(clevis, "tpm2") == 1;
    luks->threshold = (unsigned)provision_ignition_number(clevis, "threshold", 0);
    luks->tang = plan_tang(clevis);
    luks->clevis_pin = g_strdup(provision_ignition_nonempty(custom, "pin"));
    luks->clevis_config = g_strdup(provision_ignition_nonempty(custom, "config"));
    luks->discard = provision_ignition_flag(value, "discard") == 1;
    luks->options = provision_ignition_texts(value, "options");
    luks->open_options = provision_ignition_texts(value, "openOptions");
    if (provision_ignition_flag(cex, "enabled") == 1)
        provision_report_add(report, &cex->at, PROVISION_UNSUPPORTED,
                             "keys of IBM's crypto cards (s390x) are not supported");
    g_ptr_array_add(plan->luks, luks);
}

static void plan_filesystem(const ProvisionValue *value, ProvisionPlan *plan)
{
    ProvisionFilesystem *filesystem =
        provision_filesystem_new(&value->at, provision_ignition_text(value, "device"));
    filesystem->format = g_strdup(provision_ignition_nonempty(value, "format"));
    filesystem->label = g_strdup(provision_ignition_nonempty(value, "label"));
    filesystem->uuid = g_strdup(provision_ignition_nonempty(value, "uuid"));
    filesystem->path = g_strdup(provision_ignition_nonempty(value, "path"));
    filesystem->wipe = provision_ignition_flag(value, "wipeFilesystem") == 1;
    filesystem->options = provision_ignition_texts(value, "options");
    filesystem->mount_options = provision_ignition_texts(value, "mountOptions");
    g_ptr_array_add(plan->filesystems, filesystem);
}

void provision_ignition_plan_disks(const ProvisionValue *storage, ProvisionPlan *plan,
                                   ProvisionReport *report)
{
    for (unsigned i = 0; i < provision_ignition_items(storage, "disks"); i++)
        plan_disk(provision_ignition_item(storage, "disks", i), plan);
    for (unsigned i = 0; i < provision_ignition_items(storage, "raid"); i++)
        plan_raid(provision_ignition_item(storage, "raid", i), plan);
    for (unsigned i = 0; i < provision_ignition_items(storage, "luks"); i++)
        plan_luks(provision_ignition_item(storage, "luks", i), plan, report);
    for (unsigned i = 0; i < provision_ignition_items(storage, "filesystems"); i++)
        plan_filesystem(provision_ignition_item(storage, "filesystems", i), plan);
}
