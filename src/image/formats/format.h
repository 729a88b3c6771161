/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ImageFormat:
 * @name: as the user types it
 * @suffix: of the file's name, without dot
 * @summary: one line for help texts
 * @convert: (nullable): reads the raw disk at @raw_fd (@disk_bytes long, sparse) and writes the
 *   format to @out_fd (empty, seekable); %NULL when the raw disk already is the result
 *
 * How a disk's bytes are laid in a file. To add one: a file here, a line in meson.build, a row
 * in formats.c.
 */
typedef struct {
    const char *name;
    const char *suffix;
    const char *summary;
    bool (*convert)(int raw_fd, uint64_t disk_bytes, int out_fd, const BaseProgress *progress,
                    GCancellable *cancellable, GError **error);
} ImageFormat;

extern const ImageFormat image_format_raw;
extern const ImageFormat image_format_qcow2;

/** image_formats: all formats, ended by %NULL */
const ImageFormat *const *image_formats(void);

/**
 * image_format_find:
 * @name: what the user typed
 * @error: %IMAGE_ERROR_OPTION lists the formats there are
 */
const ImageFormat *image_format_find(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
