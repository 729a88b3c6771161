/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes partition tables: a header's sector, then entries; what is sound is planned upon.
 */
#include "provision/disks/partition.h"

#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEADER = 512, TABLE = 128 * 128 };
    uint8_t *image = g_malloc0(HEADER + TABLE);
    g_autofree ProvisionGpt *gpt = g_new0(ProvisionGpt, 1);
    memcpy(image, data, MIN(size, (size_t)HEADER + TABLE));
    /* checksums would keep everything out */
    uint32_t table = (uint32_t)crc32(0, image + HEADER, TABLE);
    memcpy(image + 88, &table, 4);
    memset(image + 16, 0, 4);
    uint32_t header = (uint32_t)crc32(0, image, 92);
    memcpy(image + 16, &header, 4);
    (void)provision_gpt_init(gpt, 512, 1 << 20);
    if (provision_gpt_parse(gpt, image, image + HEADER)) {
        g_autoptr(ProvisionPlan) plan = provision_plan_new();
        const ProvisionPlace at = {.source = "x"};
        ProvisionDisk *disk = provision_disk_new(&at, "/dev/x");
        ProvisionPartition *partition = provision_partition_new(&at);
        partition->size_mib = size > 0 ? data[0] : 0;
        partition->number = size > 1 ? data[1] : 0;
        g_ptr_array_add(disk->partitions, partition);
        g_ptr_array_add(plan->disks, disk);
        if (provision_partition_plan(gpt, disk, NULL, NULL)) {
            for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++)
                g_assert_true(!gpt->entries[i].used ||
                              (gpt->entries[i].start <= gpt->entries[i].end &&
                               gpt->entries[i].end < gpt->n_sectors));
        }
    }
    g_free(image);
    return 0;
}
