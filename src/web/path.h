/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define WEB_PATH_MAX_BYTES 4096

/**
 * web_path_decode:
 * @raw: the path of a request target (RFC 3986), percent-encoded, without its query
 *
 * Decodes once and refuses all that has no business in a path: what does not start with a
 * slash, a malformed escape, NUL and other control characters, bytes that are not UTF-8, a
 * backslash, empty components but the last, "." and "..", more than %WEB_PATH_MAX_BYTES.
 *
 * Returns: (transfer full) (nullable): the decoded path, or %NULL
 */
char *web_path_decode(const char *raw);

G_END_DECLS
