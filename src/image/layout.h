/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define IMAGE_MIB (UINT64_C(1) << 20)
#define IMAGE_SECTOR_BYTES UINT64_C(512)
#define IMAGE_UUID_CHARS 36

/**
 * ImagePartition:
 * @name: its name in the partition table
 * @type: type GUID
 * @uuid: its own GUID
 * @offset_bytes: where it starts on the disk, a multiple of 1 MiB
 * @size_bytes: its length, a multiple of 1 MiB
 */
typedef struct {
    const char *name;
    const char *type;
    char uuid[IMAGE_UUID_CHARS + 1];
    uint64_t offset_bytes;
    uint64_t size_bytes;
} ImagePartition;

/** Where each partition is in #ImageLayout */
typedef enum {
    IMAGE_PARTITION_BIOS,
    IMAGE_PARTITION_ESP,
    IMAGE_PARTITION_ROOT,
    IMAGE_PARTITION_COUNT,
} ImagePartitionIndex;

/**
 * ImageLayout:
 * @disk_bytes: size of the whole disk
 * @disk_uuid: GUID of the disk
 * @root_uuid: UUID of the root file system
 * @esp_volume_id: serial number of the EFI system partition's file system
 * @partitions: boot loader area, EFI system partition, root
 */
typedef struct {
    uint64_t disk_bytes;
    char disk_uuid[IMAGE_UUID_CHARS + 1];
    char root_uuid[IMAGE_UUID_CHARS + 1];
    uint32_t esp_volume_id;
    ImagePartition partitions[IMAGE_PARTITION_COUNT];
} ImageLayout;

/**
 * image_layout_disk_bytes:
 * @root_bytes: how large the root partition has to be
 *
 * Returns: the smallest disk with such a root partition, in whole MiB
 */
uint64_t image_layout_disk_bytes(uint64_t root_bytes);

/**
 * image_layout_init:
 * @self: what to fill
 * @disk_bytes: size of the disk; rounded down to whole MiB; at least image_layout_disk_bytes(1)
 * @seed: text that all identifiers are derived from, so that the same input gives the same disk
 */
void image_layout_init(ImageLayout *self, uint64_t disk_bytes, const char *seed);

/**
 * image_layout_write:
 * @self: what to write
 * @path: a file of @disk_bytes zeroes
 * @error: return location
 *
 * Writes a protective MBR and both copies of the GPT (UEFI specification 2.10, chapter 5).
 */
bool image_layout_write(const ImageLayout *self, const char *path,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
