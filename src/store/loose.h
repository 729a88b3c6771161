/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/object.h"

G_BEGIN_DECLS

/**
 * store_put_metadata:
 * @repo_fd: directory descriptor of a repo of any mode
 * @extension: "dirtree", "dirmeta" or "commit"
 * @variant: the object
 * @out_checksum: its SHA-256
 * @error: return location
 *
 * Writes a metadata object unless it is there. Safe from several threads.
 */
bool store_put_metadata(int repo_fd, const char *extension, GVariant *variant,
                        uint8_t out_checksum[static BASE_SHA256_BYTES],
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * store_put_raw:
 * @repo_fd: directory descriptor of a repo of any mode
 * @path: where the object belongs, as store_object_path() says
 * @parts: its bytes, in pieces
 * @n_parts: how many
 * @error: return location
 *
 * Writes an object whose bytes are ready. Safe from several threads.
 */
bool store_put_raw(int repo_fd, const char *path, GBytes *const *parts, size_t n_parts,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * store_put_file:
 * @repo_fd: directory descriptor of a bare-user repo
 * @meta: metadata of a regular file
 * @contents: the whole contents
 * @out_checksum: the object's checksum
 * @error: return location
 *
 * Writes a content object from memory unless it is there. Safe from several threads.
 */
bool store_put_file(int repo_fd, const StoreMeta *meta, GBytes *contents,
                    uint8_t out_checksum[static BASE_SHA256_BYTES],
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_put_symlink: as store_put_file(), for a symbolic link to @target */
bool store_put_symlink(int repo_fd, const StoreMeta *meta, const char *target,
                       uint8_t out_checksum[static BASE_SHA256_BYTES],
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * StoreWriter:
 *
 * A content object of a bare-user repo that is written as its bytes come.
 */
typedef struct _StoreWriter StoreWriter;

/** store_writer_new: starts an object with @meta, which must be known beforehand because
 * OSTree hashes it first */
StoreWriter *store_writer_new(int repo_fd, const StoreMeta *meta,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_writer_append: adds @size_bytes bytes of @data */
bool store_writer_append(StoreWriter *self, const void *data, size_t size_bytes,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_writer_finish: names the object by its checksum and puts it into place */
bool store_writer_finish(StoreWriter *self, uint8_t out_checksum[static BASE_SHA256_BYTES],
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_writer_free: also drops an object that was not finished */
void store_writer_free(StoreWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreWriter, store_writer_free)

/**
 * store_load_meta:
 * @repo_fd: directory descriptor of a bare-user repo
 * @checksum: a content object
 * @out_meta: its metadata; xattrs are a new reference or %NULL
 * @out_size_bytes: its size (for a link the length of its target)
 * @out_target: (transfer full): target of a symbolic link, else %NULL
 * @error: %STORE_ERROR_NOT_FOUND, %STORE_ERROR_CORRUPT
 *
 * Reads what an object is without its contents.
 */
bool store_load_meta(int repo_fd, const uint8_t checksum[static BASE_SHA256_BYTES],
                     StoreMeta *out_meta, uint64_t *out_size_bytes, char **out_target,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_load_contents: (transfer full): contents of a regular file's object */
GBytes *store_load_contents(int repo_fd, const uint8_t checksum[static BASE_SHA256_BYTES],
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
