/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/error.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <string.h>

G_BEGIN_DECLS

/** BUS_JSON_MAX_DEPTH: objects and arrays in one another */
#define BUS_JSON_MAX_DEPTH 64
/** BUS_JSON_MAX_VALUES: values in one document */
#define BUS_JSON_MAX_VALUES 200000

/**
 * bus_canonical_parse:
 * @data: JSON text (RFC 8259), UTF-8, need not end in NUL
 * @size_bytes: its length
 * @error: %BUS_ERROR_INVALID with the byte offset; %BUS_ERROR_TOO_LARGE past the caps above
 *
 * A strict parser: no second key of one name in an object, no byte that is not UTF-8, no lone
 * surrogate, no \u0000, no number that a double cannot hold (an integer has to come out as it
 * went in), nothing after the value.
 *
 * Returns: (transfer full): the tree
 */
JsonNode *bus_canonical_parse(const char *data, size_t size_bytes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_canonical_print:
 * @object: a tree, also one that was not parsed here
 * @out: where to append the canonical form (RFC 8785)
 * @error: %BUS_ERROR_INVALID, %BUS_ERROR_TOO_LARGE
 */
bool bus_canonical_print(JsonObject *object, GString *out,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_canonical_print_node: as bus_canonical_print(), for any value */
bool bus_canonical_print_node(JsonNode *node, GString *out,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_canonical_is_object: whether @text is an object that the two above would make the same text
 * of; also %FALSE for some unusual ones of which they would */
bool bus_canonical_is_object(const char *text);

/** bus_canonical_append: g_string_append_len() without its price: an event is some forty pieces */
static inline void bus_canonical_append(GString *out, const char *text, size_t size_bytes)
{
    if (out->allocated_len - out->len <= size_bytes) {
        g_string_append_len(out, text, (gssize)size_bytes);
        return;
    }
    memcpy(out->str + out->len, text, size_bytes);
    out->len += size_bytes;
    out->str[out->len] = '\0';
}

/** bus_canonical_append_int: appends @value in decimal */
void bus_canonical_append_int(GString *out, int64_t value);

/** bus_canonical_append_string: appends @text as a JSON string in canonical form; @text has to
 * be UTF-8 */
void bus_canonical_append_string(GString *out, const char *text);

/** bus_canonical_append_number: appends @value as ECMAScript prints it; it has to be finite */
void bus_canonical_append_number(GString *out, double value);

G_END_DECLS
