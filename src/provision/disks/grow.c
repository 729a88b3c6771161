/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A partition that takes the free space behind it.
 */
#include "provision/disks/disks-private.h"

#include "base/error.h"
#include "provision/disks/gpt.h"

#define MIB (1024 * 1024)

/* The last sector that entry @index can have. */
static uint64_t last_free(const ProvisionGpt *gpt, unsigned index)
{
    uint64_t limit = gpt->last_usable;
    for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++) {
        const ProvisionGptEntry *other = &gpt->entries[i];
        if (other->used && other->start > gpt->entries[index].end)
            limit = MIN(limit, other->start - 1);
    }
    uint64_t sectors = MIB / gpt->sector_bytes;
    return (limit + 1) / sectors * sectors - 1;
}

bool provision_disks_grow(int fd, unsigned number, bool *out_is_gpt, bool *out_changed,
                          GError **error)
{
    g_autofree ProvisionGpt *before = g_new0(ProvisionGpt, 1);
    g_autofree ProvisionGpt *after = g_new0(ProvisionGpt, 1);
    ProvisionGptFound found = PROVISION_GPT_NONE;
    if (!provision_gpt_load(before, fd, &found, error))
        return false;
    *out_is_gpt = found == PROVISION_GPT_GOOD;
    *out_changed = false;
    if (!*out_is_gpt)
        return true;
    if (number < 1 || number > PROVISION_GPT_ENTRIES || !before->entries[number - 1].used)
        return base_error_set(error, BASE_ERROR_FAILED, "the disk has no partition %u", number);
    *after = *before;
    ProvisionGptEntry *entry = &after->entries[number - 1];
    uint64_t end = last_free(before, number - 1);
    if (end <= entry->end)
        return true;
    entry->end = end;
    *out_changed = true;
    return provision_gpt_save(after, fd, error) &&
           provision_disks_tell_kernel(fd, before, after, error);
}
