/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ostree.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * ImageSource:
 * @repo: where the commit is
 * @commit: its checksum
 * @ref: (nullable): the ref that named it; %NULL when it was named by checksum
 * @version: (nullable): its version
 * @timestamp: its time, seconds since the epoch
 *
 * The commit that an image is made of.
 */
typedef struct {
    OstreeRepo *repo;
    char *commit;
    char *ref;
    char *version;
    uint64_t timestamp;
} ImageSource;

void image_source_clear(ImageSource *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageSource, image_source_clear)

/**
 * image_source_open:
 * @self: what to fill
 * @repo_path: OSTree repository
 * @name: ref or checksum
 * @cancellable: (nullable): stops it
 * @error: %IMAGE_ERROR_REF names the nearest refs; %IMAGE_ERROR_TREE says what the tree lacks
 *
 * Finds the commit and checks that its tree can be booted.
 */
bool image_source_open(ImageSource *self, const char *repo_path, const char *name,
                       GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
