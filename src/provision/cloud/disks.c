/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * disk_setup, fs_setup, mounts, swap.
 */
#include "provision/cloud/read.h"

#include <string.h>

#define SWAP_AUTO (-2)
#define MAX_PERCENT 100
#define N_MOUNT_FIELDS 6
#define TYPE_SWAP "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
#define TYPE_LINUX "0fc63daf-8483-4772-8e79-3d69d8477de4"

/* What device_aliases calls @name. */
static const char *resolve_alias(const ProvisionCloud *cloud, const char *name)
{
    const ProvisionValue *aliases = provision_value_find(cloud->config, "device_aliases");
    const ProvisionValue *found = provision_value_find(aliases, name);
    return found != NULL && found->kind == PROVISION_VALUE_STRING ? found->text : name;
}

/* A path below /dev, or a word that the platform knows ("ephemeral0"). */
static bool is_device(const char *device)
{
    if (device[0] == '/')
        return provision_cloud_is_path(device);
    for (const char *p = device; *p != '\0'; p++) {
        if (!g_ascii_isalnum(*p) && strchr("._-", *p) == NULL)
            return false;
    }
    return device[0] != '\0' && device[0] != '.';
}

static ProvisionPartition *add_partition(ProvisionDisk *disk, const ProvisionPlace *at)
{
    ProvisionPartition *partition = provision_partition_new(at);
    partition->number = disk->partitions->len + 1;
    partition->type_guid = g_strdup(TYPE_LINUX);
    g_ptr_array_add(disk->partitions, partition);
    return partition;
}

static void set_type(ProvisionPartition *partition, const ProvisionValue *type)
{
    g_autofree char *text = provision_value_to_text(type);
    if (text == NULL)
        return;
    bool swap = strcmp(text, "82") == 0 || g_ascii_strcasecmp(text, TYPE_SWAP) == 0;
    bool guid = g_uuid_string_is_valid(text);
    g_free(partition->type_guid);
    partition->type_guid =
        guid ? g_ascii_strdown(text, -1) : g_strdup(swap ? TYPE_SWAP : TYPE_LINUX);
}

/* [PERCENT, [PERCENT, TYPE], …] */
static void read_layout(ProvisionCloud *cloud, const ProvisionValue *layout, ProvisionDisk *disk)
{
    int64_t used = 0;
    for (guint i = 0; i < layout->items->len; i++) {
        const ProvisionValue *item = layout->items->pdata[i];
        const ProvisionValue *size = item;
        const ProvisionValue *type = NULL;
        if (item->kind == PROVISION_VALUE_LIST && item->items->len > 0) {
            size = item->items->pdata[0];
            type = item->items->len > 1 ? item->items->pdata[1] : NULL;
        }
        if (size->kind != PROVISION_VALUE_INT || size->integer < 1 ||
            size->integer > MAX_PERCENT - used) {
            provision_cloud_fail(cloud, &item->at,
                                 "must be a percentage, or [percentage, type]; all together 100");
            return;
        }
        used += size->integer;
        ProvisionPartition *partition = add_partition(disk, &item->at);
        partition->size_percent = (unsigned)size->integer;
        if (i + 1 == layout->items->len && used == MAX_PERCENT)
            partition->size_mib = 0;
        if (type != NULL)
            set_type(partition, type);
    }
}

typedef struct {
    char *table_type;
    const ProvisionValue *layout;
    bool overwrite;
} DiskReader;

static void keep_value(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    const ProvisionValue **to = target;
    (void)cloud;
    *to = member->value->kind == PROVISION_VALUE_NULL ? NULL : member->value;
}

static const ProvisionCloudKey disk_fields[] = {
    {.name = "table_type",
     .kind = PROVISION_CLOUD_TEXT,
     .offset = offsetof(DiskReader, table_type)},
    {.name = "layout",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = keep_value,
     .offset = offsetof(DiskReader, layout)},
    {.name = "overwrite", .kind = PROVISION_CLOUD_BOOL, .offset = offsetof(DiskReader, overwrite)},
    {0},
};

static void remove_table(ProvisionDisk *disk)
{
    disk->wipe_table = true;
    disk->only_if_empty = false;
}

static void read_disk(ProvisionCloud *cloud, const ProvisionMember *member)
{
    DiskReader reader = {0};
    const char *device = resolve_alias(cloud, member->name);
    if (member->value->kind != PROVISION_VALUE_MAP || !is_device(device)) {
        provision_cloud_fail(cloud, &member->at, "must be a device with a mapping");
        return;
    }
    provision_cloud_read_fields(cloud, member->value, disk_fields, &reader);
    g_autofree char *table = reader.table_type != NULL ? reader.table_type : g_strdup("mbr");
    if (strcmp(table, "mbr") != 0 && strcmp(table, "gpt") != 0) {
        provision_cloud_fail(cloud, &member->at, "table_type must be mbr or gpt, not ‘%s’", table);
        return;
    }
    ProvisionDisk *disk = provision_disk_new(&member->at, device);
    g_ptr_array_add(cloud->plan->disks, disk);
    disk->table = g_steal_pointer(&table);
    disk->wipe_table = reader.overwrite;
    disk->only_if_empty = !reader.overwrite;
    const ProvisionValue *layout = reader.layout;
    if (layout == NULL || (layout->kind == PROVISION_VALUE_BOOL && !layout->boolean))
        return;
    if (layout->kind == PROVISION_VALUE_BOOL)
        add_partition(disk, &layout->at)->size_mib = 0;
    else if (layout->kind == PROVISION_VALUE_LIST)
        read_layout(cloud, layout, disk);
    else if (g_strcmp0(layout->text, "remove") == 0)
        remove_table(disk);
    else
        provision_cloud_fail(cloud, &layout->at, "must be true, false, remove or a list");
}

void provision_cloud_read_disk_setup(ProvisionCloud *cloud, const ProvisionMember *member,
                                     gpointer target)
{
    const ProvisionValue *map = member->value;
    (void)target;
    if (map->kind != PROVISION_VALUE_MAP && map->kind != PROVISION_VALUE_NULL)
        provision_cloud_fail(cloud, &map->at, "must be a mapping of devices, not %s",
                             provision_value_kind_name(map->kind));
    for (guint i = 0; map->kind == PROVISION_VALUE_MAP && i < map->members->len; i++)
        read_disk(cloud, map->members->pdata[i]);
}

typedef struct {
    char *label;
    char *filesystem;
    char *device;
    char *partition;
    bool overwrite;
    char **extra_opts;
} FsReader;

static const ProvisionCloudKey fs_fields[] = {
    {.name = "label", .kind = PROVISION_CLOUD_TEXT, .offset = offsetof(FsReader, label)},
    {.name = "filesystem", .kind = PROVISION_CLOUD_TEXT, .offset = offsetof(FsReader, filesystem)},
    {.name = "device", .kind = PROVISION_CLOUD_TEXT, .offset = offsetof(FsReader, device)},
    {.name = "partition", .kind = PROVISION_CLOUD_TEXT, .offset = offsetof(FsReader, partition)},
    {.name = "overwrite", .kind = PROVISION_CLOUD_BOOL, .offset = offsetof(FsReader, overwrite)},
    {.name = "extra_opts", .kind = PROVISION_CLOUD_TEXTS, .offset = offsetof(FsReader, extra_opts)},
    {.name = "replace_fs",
     .kind = PROVISION_CLOUD_UNSUPPORTED,
     .why = "a file system of one kind is not replaced by another: say overwrite"},
    {.name = "cmd",
     .kind = PROVISION_CLOUD_UNSUPPORTED,
     .why = "file systems are made by the image's own mkfs: use bootcmd for others"},
    {0},
};

static void fs_reader_clear(FsReader *self)
{
    g_free(self->label);
    g_free(self->filesystem);
    g_free(self->device);
    g_free(self->partition);
    g_strfreev(self->extra_opts);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FsReader, fs_reader_clear)

/* "ephemeral0.1" and /dev/sdb with partition 1 are /dev/sdb1; names that end in a digit take a p.
 */
static char *partition_device(const ProvisionCloud *cloud, const FsReader *fs)
{
    g_autofree char *base = g_strdup(resolve_alias(cloud, fs->device));
    g_autofree char *number = g_strdup(fs->partition);
    char *dot = base[0] == '/' ? NULL : strrchr(base, '.');
    if (dot != NULL && g_ascii_isdigit(dot[1])) {
        g_free(number);
        number = g_strdup(dot + 1);
        *dot = '\0';
        char *aliased = g_strdup(resolve_alias(cloud, base));
        g_free(base);
        base = aliased;
    }
    guint64 n = 0;
    if (number == NULL || !g_ascii_string_to_unsigned(number, 10, 1, 128, &n, NULL))
        return g_steal_pointer(&base);
    if (base[0] != '/')
        return g_strdup_printf("%s.%u", base, (unsigned)n);
    bool digit = g_ascii_isdigit(base[strlen(base) - 1]);
    return g_strdup_printf("%s%s%u", base, digit ? "p" : "", (unsigned)n);
}

static void read_fs(ProvisionCloud *cloud, const ProvisionValue *entry)
{
    static const char *const known[] = {"ext2", "ext3", "ext4", "btrfs", "vfat",
                                        "xfs",  "swap", "none", NULL};
    g_auto(FsReader) fs = {0};
    provision_cloud_read_fields(cloud, entry, fs_fields, &fs);
    if (fs.device == NULL || fs.filesystem == NULL || !is_device(fs.device)) {
        provision_cloud_fail(cloud, &entry->at, "wants a device and a filesystem");
        return;
    }
    if (!g_strv_contains(known, fs.filesystem)) {
        provision_report_add(cloud->report, &entry->at, PROVISION_UNSUPPORTED,
                             "file system ‘%s’: there are ext4, btrfs, vfat, xfs and swap",
                             fs.filesystem);
        return;
    }
    g_autofree char *device = partition_device(cloud, &fs);
    ProvisionFilesystem *filesystem = provision_filesystem_new(&entry->at, device);
    filesystem->format = g_steal_pointer(&fs.filesystem);
    filesystem->label = g_steal_pointer(&fs.label);
    filesystem->options = g_steal_pointer(&fs.extra_opts);
    filesystem->wipe = fs.overwrite;
    filesystem->only_if_blank = !fs.overwrite;
    g_ptr_array_add(cloud->plan->filesystems, filesystem);
}

void provision_cloud_read_fs_setup(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target)
{
    const ProvisionValue *list = member->value;
    (void)target;
    if (list->kind != PROVISION_VALUE_LIST && list->kind != PROVISION_VALUE_NULL)
        provision_cloud_fail(cloud, &list->at, "must be a list, not %s",
                             provision_value_kind_name(list->kind));
    for (guint i = 0; list->kind == PROVISION_VALUE_LIST && i < list->items->len; i++) {
        const ProvisionValue *entry = list->items->pdata[i];
        if (entry->kind == PROVISION_VALUE_MAP)
            read_fs(cloud, entry);
        else
            provision_cloud_fail(cloud, &entry->at, "must be a mapping, not %s",
                                 provision_value_kind_name(entry->kind));
    }
}

static bool is_field(const char *text)
{
    return text[0] != '\0' && strpbrk(text, "\n\r") == NULL;
}

static void read_mount(ProvisionCloud *cloud, const ProvisionValue *entry)
{
    guint count = entry->kind == PROVISION_VALUE_LIST ? entry->items->len : 1;
    ProvisionMount *mount = provision_mount_new(&entry->at);
    g_ptr_array_add(cloud->plan->mounts, mount);
    if (count > G_N_ELEMENTS(mount->fields))
        provision_cloud_fail(cloud, &entry->at, "a mount has six fields at the most");
    for (guint i = 0; i < MIN(count, G_N_ELEMENTS(mount->fields)); i++) {
        const ProvisionValue *field =
            entry->kind == PROVISION_VALUE_LIST ? entry->items->pdata[i] : entry;
        if (field->kind == PROVISION_VALUE_NULL) {
            mount->remove = mount->remove || i == 1;
            continue;
        }
        g_autofree char *text = provision_cloud_text(cloud, field);
        if (text != NULL && is_field(text))
            mount->fields[i] =
                i == 0 ? g_strdup(resolve_alias(cloud, text)) : g_steal_pointer(&text);
        else if (text != NULL)
            provision_cloud_fail(cloud, &field->at, "must be one line that is not empty");
    }
    if (mount->fields[0] != NULL && (mount->fields[1] != NULL || mount->remove))
        return;
    provision_cloud_fail(cloud, &entry->at, "a mount wants a device and a directory");
    g_ptr_array_remove(cloud->plan->mounts, mount);
}

void provision_cloud_read_mounts(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target)
{
    const ProvisionValue *list = member->value;
    (void)target;
    if (list->kind != PROVISION_VALUE_LIST && list->kind != PROVISION_VALUE_NULL)
        provision_cloud_fail(cloud, &list->at, "must be a list of mounts, not %s",
                             provision_value_kind_name(list->kind));
    for (guint i = 0; list->kind == PROVISION_VALUE_LIST && i < list->items->len; i++)
        read_mount(cloud, list->items->pdata[i]);
}

void provision_cloud_read_mount_defaults(ProvisionCloud *cloud, const ProvisionMember *member,
                                         gpointer target)
{
    ProvisionTexts *defaults = &cloud->plan->settings.mount_default_fields;
    const ProvisionValue *list = member->value;
    (void)target;
    if (list->kind != PROVISION_VALUE_LIST || list->items->len > N_MOUNT_FIELDS) {
        provision_cloud_fail(cloud, &list->at, "must be a list of up to six fields");
        return;
    }
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < list->items->len; i++) {
        const ProvisionValue *field = list->items->pdata[i];
        g_autofree char *text =
            field->kind == PROVISION_VALUE_NULL ? g_strdup("") : provision_cloud_text(cloud, field);
        g_strv_builder_add(builder, text == NULL ? "" : text);
    }
    g_strfreev(defaults->texts);
    defaults->at = member->at;
    defaults->texts = g_strv_builder_end(builder);
}

/* "auto", a number of bytes, or a number with B, K, M, G or T. */
void provision_cloud_read_size(ProvisionCloud *cloud, const ProvisionMember *member,
                               gpointer target)
{
    static const char units[] = "BKMGT";
    int64_t *out = target;
    const ProvisionValue *value = member->value;
    if (value->kind == PROVISION_VALUE_NULL)
        return;
    g_autofree char *text = provision_cloud_text(cloud, value);
    if (text == NULL)
        return;
    if (strcmp(text, "auto") == 0) {
        *out = SWAP_AUTO;
        return;
    }
    char *end = NULL;
    double number = g_ascii_strtod(text, &end);
    const char *unit = *end == '\0' ? units : strchr(units, g_ascii_toupper(*end));
    bool fine = end != text && (*end == '\0' || end[1] == '\0') && unit != NULL && number >= 0;
    for (ptrdiff_t i = 0; fine && i < unit - units; i++)
        number *= 1024;
    if (fine && number < 1e15)
        *out = (int64_t)number;
    else
        provision_cloud_fail(cloud, &value->at,
                             "must be auto, a number of bytes, or one with K, M, G or T");
}
