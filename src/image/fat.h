/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * ImageFatFile:
 * @path: "EFI/BOOT/BOOTX64.EFI": upper-case 8.3 names; at most %IMAGE_FAT_MAX_DEPTH parts
 * @contents: what is in it
 */
typedef struct {
    const char *path;
    GBytes *contents;
} ImageFatFile;

#define IMAGE_FAT_MAX_DEPTH 8

/**
 * ImageFat:
 * @offset_bytes: where the file system starts on the disk
 * @size_bytes: its length: FAT32 needs 34 MiB and more; up to 128 GiB
 * @volume_id: its serial number
 * @label: up to eleven upper-case characters
 */
typedef struct {
    uint64_t offset_bytes;
    uint64_t size_bytes;
    uint32_t volume_id;
    const char *label;
} ImageFat;

/**
 * image_fat_write:
 * @self: shape of the file system
 * @fd: the disk; the file system's range holds zeroes
 * @files: what goes in; parents are made
 * @n_files: how many
 * @error: %IMAGE_ERROR_SIZE when it does not fit
 *
 * Writes a FAT32 file system (Microsoft's "FAT: General Overview of On-Disk Format" 1.03) with
 * all times zero, so that the same input gives the same bytes.
 */
bool image_fat_write(const ImageFat *self, int fd, const ImageFatFile *files, size_t n_files,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
