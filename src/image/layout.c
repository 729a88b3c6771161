/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where things lie on the disk, and the partition table that says so. Identifiers come out of
 * the commit's checksum, so that the same commit gives the same bytes.
 */
#include "image/layout.h"

#include "base/digest.h"
#include "image/error.h"

#include <libfdisk/libfdisk.h>
#include <string.h>

#define BIOS_BYTES (1 * IMAGE_MIB)
#define ESP_BYTES (64 * IMAGE_MIB)
/* One MiB in front for the table and for alignment, one behind for its second copy. */
#define EDGE_BYTES (1 * IMAGE_MIB)

static const struct {
    const char *name;
    const char *type;
} kinds[IMAGE_PARTITION_COUNT] = {
    [IMAGE_PARTITION_BIOS] = {"bios", "21686148-6449-6E6F-744E-656564454649"},
    [IMAGE_PARTITION_ESP] = {"esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"},
    [IMAGE_PARTITION_ROOT] = {"root", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"},
};

static void derive_bytes(const char *seed, const char *what,
                         uint8_t out_bytes[static BASE_SHA256_BYTES])
{
    g_autoptr(BaseSha256) digest = base_sha256_new();
    base_sha256_update(digest, seed, strlen(seed) + 1);
    base_sha256_update(digest, what, strlen(what));
    base_sha256_finish(digest, out_bytes);
}

/* A UUID of version 8, "vendor specific" (RFC 9562, section 5.8). */
static void derive_uuid(const char *seed, const char *what, char *out_uuid)
{
    uint8_t bytes[BASE_SHA256_BYTES];
    derive_bytes(seed, what, bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x80);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    char hex[2 * 16 + 1];
    base_digest_to_hex(bytes, 16, hex);
    g_snprintf(out_uuid, IMAGE_UUID_CHARS + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
               hex + 16, hex + 20);
}

uint64_t image_layout_disk_bytes(uint64_t root_bytes)
{
    uint64_t bytes = 2 * EDGE_BYTES + BIOS_BYTES + ESP_BYTES + root_bytes;
    return (bytes + IMAGE_MIB - 1) / IMAGE_MIB * IMAGE_MIB;
}

void image_layout_init(ImageLayout *self, uint64_t disk_bytes, const char *seed)
{
    g_assert(disk_bytes >= image_layout_disk_bytes(1));
    *self = (ImageLayout){.disk_bytes = disk_bytes / IMAGE_MIB * IMAGE_MIB};
    derive_uuid(seed, "disk", self->disk_uuid);
    derive_uuid(seed, "root file system", self->root_uuid);
    uint8_t bytes[BASE_SHA256_BYTES];
    derive_bytes(seed, "esp volume", bytes);
    memcpy(&self->esp_volume_id, bytes, sizeof self->esp_volume_id);

    uint64_t root_offset_bytes = EDGE_BYTES + BIOS_BYTES + ESP_BYTES;
    const uint64_t sizes_bytes[IMAGE_PARTITION_COUNT] = {
        [IMAGE_PARTITION_BIOS] = BIOS_BYTES,
        [IMAGE_PARTITION_ESP] = ESP_BYTES,
        [IMAGE_PARTITION_ROOT] = self->disk_bytes - root_offset_bytes - EDGE_BYTES,
    };
    uint64_t offset_bytes = EDGE_BYTES;
    for (size_t i = 0; i < IMAGE_PARTITION_COUNT; i++) {
        ImagePartition *partition = &self->partitions[i];
        partition->name = kinds[i].name;
        partition->type = kinds[i].type;
        partition->offset_bytes = offset_bytes;
        partition->size_bytes = sizes_bytes[i];
        derive_uuid(seed, partition->name, partition->uuid);
        offset_bytes += partition->size_bytes;
    }
}

static int add_partition(struct fdisk_context *context, size_t number,
                         const ImagePartition *partition)
{
    struct fdisk_label *label = fdisk_get_label(context, "gpt");
    struct fdisk_parttype *type = fdisk_label_parse_parttype(label, partition->type);
    struct fdisk_partition *entry = fdisk_new_partition();
    int rc = type == NULL || entry == NULL ? -ENOMEM : 0;
    if (rc == 0)
        rc = fdisk_partition_set_type(entry, type);
    if (rc == 0)
        rc = fdisk_partition_set_partno(entry, number);
    if (rc == 0)
        rc = fdisk_partition_set_start(entry, partition->offset_bytes / IMAGE_SECTOR_BYTES);
    if (rc == 0)
        rc = fdisk_partition_set_size(entry, partition->size_bytes / IMAGE_SECTOR_BYTES);
    if (rc == 0)
        rc = fdisk_partition_set_name(entry, partition->name);
    if (rc == 0)
        rc = fdisk_partition_set_uuid(entry, partition->uuid);
    if (rc == 0)
        rc = fdisk_add_partition(context, entry, NULL);
    fdisk_unref_partition(entry);
    fdisk_unref_parttype(type);
    return rc;
}

static int write_table(struct fdisk_context *context, const ImageLayout *self, const char *path)
{
    int rc = fdisk_disable_dialogs(context, 1);
    if (rc == 0)
        rc = fdisk_assign_device(context, path, 0);
    if (rc == 0)
        rc = fdisk_create_disklabel(context, "gpt");
    if (rc == 0)
        rc = fdisk_set_disklabel_id_from_string(context, self->disk_uuid);
    for (size_t i = 0; i < IMAGE_PARTITION_COUNT && rc == 0; i++)
        rc = add_partition(context, i, &self->partitions[i]);
    if (rc == 0)
        rc = fdisk_write_disklabel(context);
    if (rc == 0)
        rc = fdisk_deassign_device(context, 1);
    return rc;
}

bool image_layout_write(const ImageLayout *self, const char *path, GError **error)
{
    struct fdisk_context *context = fdisk_new_context();
    g_assert(context != NULL);
    int rc = write_table(context, self, path);
    fdisk_unref_context(context);
    if (rc != 0) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_FAILED, "writing partition table of ‘%s’: %s",
                    path, g_strerror(-rc));
        return false;
    }
    return true;
}
