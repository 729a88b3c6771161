/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What becomes of each partition, and where it goes. Decisions only: the table in memory is
 * changed, no disk.
 */
#include "provision/disks/partition.h"

#include "provision/error.h"
#include "provision/value.h"

#include <string.h>

#define MIB (1024 * 1024)
#define TYPE_LINUX "0fc63daf-8483-4772-8e79-3d69d8477de4"

const char *provision_partition_action_name(ProvisionPartitionAction action)
{
    static const char *const names[] = {"keep", "create", "delete", "replace", "resize", "error"};
    return names[action];
}

ProvisionPartitionAction provision_partition_decide(const ProvisionPartitionCase *what)
{
    if (!what->exists)
        return what->should_exist ? PROVISION_PARTITION_CREATE : PROVISION_PARTITION_KEEP;
    if (!what->should_exist)
        return what->wipe ? PROVISION_PARTITION_DELETE : PROVISION_PARTITION_ERROR;
    if (what->matches)
        return PROVISION_PARTITION_KEEP;
    if (what->resize && what->matches_but_size)
        return PROVISION_PARTITION_RESIZE;
    return what->wipe ? PROVISION_PARTITION_REPLACE : PROVISION_PARTITION_ERROR;
}

/* One wanted partition with its numbers filled in. Sectors of -1 are not said. */
typedef struct {
    const ProvisionPartition *wanted;
    unsigned number;
    int64_t start;
    int64_t size;
    uint64_t real_start;
    uint64_t real_end;
    bool should_exist;
} Place;

static bool should_exist(const ProvisionPartition *partition)
{
    return partition->should_exist != PROVISION_NO;
}

static uint64_t align_up(const ProvisionGpt *gpt, uint64_t sector)
{
    uint64_t unit = MIB / gpt->sector_bytes;
    return (sector + unit - 1) / unit * unit;
}

/* The first sector at or after @from that something has, and where that ends. */
static const ProvisionGptEntry *next_used(const ProvisionGpt *gpt, uint64_t from)
{
    const ProvisionGptEntry *next = NULL;
    for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++) {
        const ProvisionGptEntry *entry = &gpt->entries[i];
        if (entry->used && entry->end >= from && (next == NULL || entry->start < next->start))
            next = entry;
    }
    return next;
}

static uint64_t end_of_free(const ProvisionGpt *gpt, uint64_t start)
{
    const ProvisionGptEntry *next = next_used(gpt, start);
    if (next == NULL)
        return gpt->last_usable;
    return next->start > start ? next->start - 1 : 0;
}

/* 0: there is none */
static uint64_t start_of_largest(const ProvisionGpt *gpt)
{
    uint64_t best = 0, best_size = 0;
    uint64_t at = gpt->first_usable;
    while (at <= gpt->last_usable) {
        const ProvisionGptEntry *next = next_used(gpt, at);
        uint64_t end = next == NULL ? gpt->last_usable : next->start - 1;
        uint64_t start = align_up(gpt, at);
        if ((next == NULL || next->start > at) && end >= start && end - start + 1 > best_size) {
            best = start;
            best_size = end - start + 1;
        }
        if (next == NULL)
            break;
        at = next->end + 1;
    }
    return best;
}

static bool fail(const ProvisionPartition *partition, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static bool fail(const ProvisionPartition *partition, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    return provision_value_set_error(&partition->at, error, "%s", message);
}

/* Gives the partition its sectors in @pretend, where all that is specified was taken out before. */
static bool place(ProvisionGpt *pretend, Place *at, GError **error)
{
    uint64_t start = at->start > 0 ? (uint64_t)at->start : start_of_largest(pretend);
    uint64_t end_free = start == 0 ? 0 : end_of_free(pretend, start);
    if (start == 0 || end_free == 0 || start < pretend->first_usable || start > end_free)
        return fail(at->wanted, error,
                    start == 0 || at->start <= 0 ? "there is no room left for it"
                                                 : "where it is to start, something else is");
    uint64_t end = at->size > 0 ? start + (uint64_t)at->size - 1 : end_free;
    if (end > end_free || end < start)
        return fail(at->wanted, error,
                    "there is room for %" G_GUINT64_FORMAT " MiB there, not for %" G_GINT64_FORMAT,
                    (end_free - start + 1) * pretend->sector_bytes / MIB,
                    at->size * (int64_t)pretend->sector_bytes / MIB);
    at->real_start = start;
    at->real_end = end;
    ProvisionGptEntry *entry = &pretend->entries[at->number - 1];
    entry->used = true;
    entry->start = start;
    entry->end = end;
    return true;
}

static int64_t to_sectors(const ProvisionGpt *gpt, int64_t mib)
{
    const int64_t max_mib = G_MAXINT64 / MIB;
    return mib < 0 ? -1 : MIN(mib, max_mib) * (MIB / (int64_t)gpt->sector_bytes);
}

static int64_t wanted_size(const ProvisionGpt *gpt, const ProvisionPartition *partition)
{
    if (partition->size_mib < 0 && partition->size_percent > 0) {
        uint64_t usable = gpt->last_usable - gpt->first_usable;
        uint64_t unit = MIB / gpt->sector_bytes;
        return (int64_t)(usable / 100 * MIN(partition->size_percent, 100U) / unit * unit);
    }
    return to_sectors(gpt, partition->size_mib);
}

static bool number_places(const ProvisionGpt *gpt, const ProvisionDisk *disk, Place *places,
                          GError **error)
{
    bool taken[PROVISION_GPT_ENTRIES + 1] = {0};
    unsigned n = 0, free_number = 1;
    for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++)
        taken[i + 1] = gpt->entries[i].used;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < disk->partitions->len; i++) {
            const ProvisionPartition *wanted = disk->partitions->pdata[i];
            if ((wanted->number == 0) != (pass == 1))
                continue;
            if (wanted->number > PROVISION_GPT_ENTRIES)
                return fail(wanted, error, "partitions have numbers from 1 to %d",
                            PROVISION_GPT_ENTRIES);
            places[n] = (Place){.wanted = wanted,
                                .number = wanted->number,
                                .start = to_sectors(gpt, wanted->start_mib),
                                .size = wanted_size(gpt, wanted),
                                .should_exist = should_exist(wanted)};
            if (wanted->number > 0)
                taken[wanted->number] = places[n].should_exist;
            while (wanted->number == 0 && free_number <= PROVISION_GPT_ENTRIES &&
                   taken[free_number])
                free_number++;
            if (wanted->number == 0) {
                if (free_number > PROVISION_GPT_ENTRIES)
                    return fail(wanted, error, "no number is free");
                places[n].number = free_number;
                taken[free_number] = places[n].should_exist;
            }
            n++;
        }
    }
    return true;
}

/* As if everything that is specified were made anew: says where it would come to lie. */
static bool pretend_all(const ProvisionGpt *gpt, Place *places, unsigned n, GError **error)
{
    g_autofree ProvisionGpt *pretend = g_memdup2(gpt, sizeof *gpt);
    for (unsigned i = 0; i < n; i++)
        pretend->entries[places[i].number - 1].used = false;
    for (unsigned i = 0; i < n; i++) {
        const ProvisionGptEntry *there = &gpt->entries[places[i].number - 1];
        if (there->used && !places[i].wanted->wipe) {
            /* not said means as it is, unless it may be made anew */
            if (places[i].start < 0)
                places[i].start = (int64_t)there->start;
            if (places[i].size < 0)
                places[i].size = (int64_t)(there->end - there->start + 1);
        }
    }
    /* what has its place goes first: the others fill what is left */
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < n; i++) {
            bool fixed = places[i].start > 0 && places[i].size > 0;
            if (places[i].should_exist && fixed == (pass == 0) &&
                !place(pretend, &places[i], error))
                return false;
        }
    }
    return true;
}

static bool same_text(const char *wanted, const char *there)
{
    return wanted == NULL || wanted[0] == '\0' || g_ascii_strcasecmp(wanted, there) == 0;
}

static ProvisionPartitionAction decide(const ProvisionGpt *gpt, const Place *at)
{
    const ProvisionGptEntry *there = &gpt->entries[at->number - 1];
    const ProvisionPartition *wanted = at->wanted;
    bool same = there->used && there->start == at->real_start &&
                same_text(wanted->type_guid, there->type) && same_text(wanted->guid, there->guid) &&
                (wanted->label == NULL || strcmp(wanted->label, there->label) == 0);
    const ProvisionPartitionCase what = {
        .exists = there->used,
        .should_exist = at->should_exist,
        .matches = same && there->end == at->real_end,
        .matches_but_size = same,
        .wipe = wanted->wipe,
        .resize = wanted->resize,
    };
    return provision_partition_decide(&what);
}

static void set_entry(ProvisionGpt *gpt, const Place *at)
{
    ProvisionGptEntry *entry = &gpt->entries[at->number - 1];
    g_autofree char *random = g_uuid_string_random();
    const char *type = at->wanted->type_guid != NULL ? at->wanted->type_guid : TYPE_LINUX;
    const char *guid = at->wanted->guid != NULL ? at->wanted->guid : random;
    g_autofree char *lower_type = g_ascii_strdown(type, PROVISION_GPT_GUID_CHARS);
    g_autofree char *lower_guid = g_ascii_strdown(guid, PROVISION_GPT_GUID_CHARS);
    memset(entry, 0, sizeof *entry);
    entry->used = true;
    entry->start = at->real_start;
    entry->end = at->real_end;
    (void)g_strlcpy(entry->type, lower_type, sizeof entry->type);
    (void)g_strlcpy(entry->guid, lower_guid, sizeof entry->guid);
    (void)g_strlcpy(entry->label, at->wanted->label != NULL ? at->wanted->label : "",
                    sizeof entry->label);
}

static bool carry_out(ProvisionGpt *gpt, const Place *at, ProvisionPartitionAction action,
                      GError **error)
{
    ProvisionGptEntry *entry = &gpt->entries[at->number - 1];
    switch (action) {
    case PROVISION_PARTITION_KEEP:
        return true;
    case PROVISION_PARTITION_DELETE:
        entry->used = false;
        return true;
    case PROVISION_PARTITION_CREATE:
    case PROVISION_PARTITION_REPLACE:
        set_entry(gpt, at);
        return true;
    case PROVISION_PARTITION_RESIZE:
        entry->end = at->real_end;
        return true;
    case PROVISION_PARTITION_ERROR:
        return fail(at->wanted, error,
                    at->should_exist
                        ? "partition %u exists and is another, and wipePartitionEntry is not set"
                        : "partition %u exists and should not, and wipePartitionEntry is not set",
                    at->number);
    }
    return true;
}

bool provision_partition_plan(ProvisionGpt *gpt, const ProvisionDisk *disk, GArray **out_actions,
                              GError **error)
{
    unsigned n = disk->partitions->len;
    g_autofree Place *places = g_new0(Place, n + 1);
    g_autofree ProvisionGpt *result = g_memdup2(gpt, sizeof *gpt);
    g_autoptr(GArray) actions = g_array_new(FALSE, FALSE, sizeof(ProvisionPartitionAction));
    if (!number_places(gpt, disk, places, error) || !pretend_all(gpt, places, n, error))
        return false;
    for (unsigned i = 0; i < n; i++) {
        ProvisionPartitionAction action = decide(gpt, &places[i]);
        if (!carry_out(result, &places[i], action, error))
            return false;
        g_array_append_val(actions, action);
    }
    *gpt = *result;
    if (out_actions != NULL)
        *out_actions = g_steal_pointer(&actions);
    return true;
}
