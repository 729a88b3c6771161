/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * BaseHttpItem:
 * @url: http, https or file URL
 * @path: where the body goes; "PATH.part" while it is under way, kept for resuming
 * @size_bytes: expected size, 0 when unknown
 * @max_bytes: a longer body is an error; 0 means @size_bytes, or no limit when that is 0 too
 * @sha256: (nullable): expected digest in hex; a body that differs is removed and an error
 * @optional: a 404 (or missing file) is no error: @out_missing becomes %TRUE
 * @only_if_newer: when @path exists already, fetch only what changed after its modification
 *   time, which becomes the server's Last-Modified with each such fetch
 * @out_missing: set when @optional and there was nothing
 * @out_unchanged: set when @only_if_newer and @path is left as it was
 *
 * One thing to fetch. Strings are borrowed for the call.
 */
typedef struct {
    const char *url;
    const char *path;
    uint64_t size_bytes;
    uint64_t max_bytes;
    const char *sha256;
    bool optional;
    bool only_if_newer;
    bool out_missing;
    bool out_unchanged;
} BaseHttpItem;

/**
 * base_http_fetch_all:
 * @items: what to fetch
 * @n_items: how many
 * @progress: (nullable): gets bytes done of bytes in total
 * @cancellable: (nullable): stops all transfers
 * @error: the first item that failed for good, naming its URL: %BASE_ERROR_INVALID for a body
 *   of the wrong size or digest, %BASE_ERROR_NOT_FOUND when there is none, %BASE_ERROR_HTTP
 *   for what else a server or the network did
 *
 * Fetches all items at once over few connections (libcurl multi, HTTP/2 where offered),
 * retries transient failures with back-off and Retry-After, verifies digests, fsyncs and
 * renames each into place. Resumes by range: "PATH.part" of an earlier call where @sha256 will
 * tell whether the halves match, else only what this call has begun. Honours http_proxy and
 * friends.
 */
bool base_http_fetch_all(BaseHttpItem *items, size_t n_items, const BaseProgress *progress,
                         GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
