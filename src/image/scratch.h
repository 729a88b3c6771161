/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ImageScratch:
 * @path: a directory of our own
 * @fd: holds its lock; -1 when there is none
 *
 * Scratch space that goes away with its owner, or with the next one if that was killed.
 */
typedef struct {
    char *path;
    int fd;
} ImageScratch;

/**
 * image_scratch_make:
 * @self: what to fill; its fd is -1
 * @parent: where; made when missing
 * @error: return location
 *
 * Makes a locked directory "image-XXXXXX" in @parent and removes those that nobody holds any
 * more.
 */
bool image_scratch_make(ImageScratch *self, const char *parent,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** image_scratch_clear: removes the directory and all below */
void image_scratch_clear(ImageScratch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageScratch, image_scratch_clear)

G_END_DECLS
