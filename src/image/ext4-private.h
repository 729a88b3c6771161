/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ext4.h"

#include <ext2fs/ext2fs.h>

G_BEGIN_DECLS

#define IMAGE_EXT4_BLOCK_BYTES 4096u

/**
 * ImageExt4Fill:
 * @fs: the file system, open for writing, bitmaps read
 * @disk_fd: the disk, for file data
 * @shape: what the caller asked for
 * @total_bytes: for @progress
 * @progress: (nullable): who listens
 * @cancellable: (nullable): who stops it
 *
 * What filling needs besides the source.
 */
typedef struct {
    ext2_filsys fs;
    int disk_fd;
    const ImageExt4 *shape;
    uint64_t total_bytes;
    const BaseProgress *progress;
    GCancellable *cancellable;
} ImageExt4Fill;

/** image_ext4_fill: copies everything below @source_dfd into the empty file system */
bool image_ext4_fill(const ImageExt4Fill *self, int source_dfd,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** image_ext4_set_error: sets what libext2fs's @code means; a full file system is
 * %IMAGE_ERROR_SIZE. Always returns %FALSE */
bool image_ext4_set_error(GError **error, errcode_t code, const char *what);

G_END_DECLS
