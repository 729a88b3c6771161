/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * ImageExt4:
 * @path: the disk, a file
 * @offset_bytes: where the file system starts on it; its range holds zeroes
 * @size_bytes: its length
 * @uuid: its UUID, from which the directory hash seed is taken too
 * @label: its label
 * @timestamp: seconds since the epoch, above zero: no time in the file system is later
 * @immutable_path: (nullable): directory, relative to the root, that gets the immutable flag
 */
typedef struct {
    const char *path;
    uint64_t offset_bytes;
    uint64_t size_bytes;
    const char *uuid;
    const char *label;
    int64_t timestamp;
    const char *immutable_path;
} ImageExt4;

/**
 * ImageExt4Usage:
 * @bytes: data and metadata, in whole blocks
 * @inodes: files, directories and links; names of one file count once
 */
typedef struct {
    uint64_t bytes;
    uint64_t inodes;
} ImageExt4Usage;

/**
 * image_ext4_measure:
 * @source_dfd: a directory
 * @out_usage: what its contents will take
 * @error: return location
 */
bool image_ext4_measure(int source_dfd, ImageExt4Usage *out_usage,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** image_ext4_size_bytes: the smallest file system that takes @usage, with its own overhead */
uint64_t image_ext4_size_bytes(const ImageExt4Usage *usage);

/**
 * image_ext4_write:
 * @self: shape of the file system
 * @source_dfd: directory that becomes its root; hard links, owners, modes, extended attributes
 *   are kept
 * @usage: what image_ext4_measure() said of @source_dfd, for the progress
 * @progress: (nullable): gets bytes done
 * @cancellable: (nullable): stops it
 * @error: %IMAGE_ERROR_SIZE when it does not fit
 *
 * Makes the file system (mke2fs) and fills it (libext2fs), entries in the order of their names:
 * the same content gives the same bytes, wherever it was read from.
 */
bool image_ext4_write(const ImageExt4 *self, int source_dfd, const ImageExt4Usage *usage,
                      const BaseProgress *progress, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
