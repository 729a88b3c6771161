/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define WEB_QUERY_MAX_BYTES (16 * 1024)
#define WEB_QUERY_MAX_PAIRS 256

/**
 * WebPair:
 * @name: decoded
 * @value: decoded; "" without a "="
 */
typedef struct {
    char *name;
    char *value;
} WebPair;

/**
 * web_query_parse:
 * @raw: (nullable): what follows the "?" of a target, as sent
 * @error: names the parameter that is malformed
 *
 * Decodes application/x-www-form-urlencoded text once: "+" is a space, escapes must be whole,
 * the result UTF-8 without control characters; at most %WEB_QUERY_MAX_PAIRS.
 *
 * Returns: (transfer full) (element-type WebPair): the pairs, in order
 */
GPtrArray *web_query_parse(const char *raw, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_query_find: (nullable): the first value of @name */
const char *web_query_find(const GPtrArray *pairs, const char *name);

/** web_query_append: adds "&name=value" (or "?name=value" to a string without "?"), escaped */
void web_query_append(GString *target, const char *name, const char *value);

G_END_DECLS
