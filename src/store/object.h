/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/digest.h"
#include "store/error.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * StoreMeta:
 * @uid: owner
 * @gid: group
 * @mode: type and permission bits, as in stat(2)
 * @xattrs: (nullable): extended attributes, a(ayay) sorted by name
 *
 * What a file is besides its contents. Who owns @xattrs is said where a StoreMeta is used.
 */
typedef struct {
    uint32_t uid;
    uint32_t gid;
    uint32_t mode;
    GVariant *xattrs;
} StoreMeta;

/**
 * store_xattrs_set:
 * @old: (nullable): extended attributes, a(ayay)
 * @name: one of them, or a new one
 * @data: its value, of @size_bytes bytes
 *
 * Returns: (transfer full): @old with @name set, sorted by name
 */
GVariant *store_xattrs_set(GVariant *old, const char *name, const void *data, size_t size_bytes);

/**
 * store_object_header:
 * @meta: a file's or symbolic link's metadata
 * @target: (nullable): target of a symbolic link
 *
 * The bytes that OSTree hashes before the contents: (uuuusa(ayay)), big-endian, with its
 * length before it (libostree, ostree-core.c).
 *
 * Returns: (transfer full): the header
 */
GBytes *store_object_header(const StoreMeta *meta, const char *target);

/**
 * store_object_archive_header:
 * @meta: as above
 * @target: as above
 * @size_bytes: size of the uncompressed contents
 *
 * The header at the start of a .filez object: (tuuuusa(ayay)) with its length.
 *
 * Returns: (transfer full): the header
 */
GBytes *store_object_archive_header(const StoreMeta *meta, const char *target, uint64_t size_bytes);

/**
 * store_object_user_meta:
 * @meta: metadata
 *
 * Returns: (transfer full): the value of user.ostreemeta in a bare-user repo, which is also
 *   the contents of a dirmeta object: (uuua(ayay)), big-endian
 */
GVariant *store_object_user_meta(const StoreMeta *meta);

/**
 * store_object_parse_user_meta:
 * @data: value of user.ostreemeta, or a dirmeta object
 * @size_bytes: its length
 * @out_meta: gets it; its xattrs are a new reference, or %NULL when there are none
 * @error: %STORE_ERROR_CORRUPT
 */
bool store_object_parse_user_meta(const void *data, size_t size_bytes, StoreMeta *out_meta,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_object_path: writes "objects/aa/bb….EXTENSION" of @checksum into @out_path */
void store_object_path(const uint8_t checksum[static BASE_SHA256_BYTES], const char *extension,
                       char out_path[static 96]);

G_END_DECLS
