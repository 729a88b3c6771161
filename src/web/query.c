/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Query strings: decoded once, strictly, into names and values.
 */
#include "web/query.h"

#include "base/error.h"

#include <stdbool.h>
#include <string.h>

static void pair_free(gpointer data)
{
    WebPair *self = data;
    g_free(self->name);
    g_free(self->value);
    g_free(self);
}

static char *decode(const char *text, size_t length)
{
    g_autofree char *decoded = g_malloc(length + 1);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = text[i] == '+' ? ' ' : text[i];
        if (text[i] == '%') {
            int high = i + 2 < length ? g_ascii_xdigit_value(text[i + 1]) : -1;
            int low = high >= 0 ? g_ascii_xdigit_value(text[i + 2]) : -1;
            if (low < 0)
                return NULL;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if ((unsigned char)byte < 0x20 || byte == 0x7f)
            return NULL;
        decoded[used++] = byte;
    }
    decoded[used] = '\0';
    return g_utf8_validate(decoded, (gssize)used, NULL) ? g_steal_pointer(&decoded) : NULL;
}

static bool add_pair(GPtrArray *pairs, const char *text, size_t length, GError **error)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    g_autofree char *name = decode(text, name_length);
    if (name == NULL)
        return base_error_set(error, BASE_ERROR_INVALID,
                              "name %u of the query is malformed: want UTF-8 without control "
                              "characters, percent-encoded",
                              pairs->len + 1);
    g_autofree char *value =
        equals != NULL ? decode(equals + 1, length - name_length - 1) : g_strdup("");
    if (value == NULL)
        return base_error_set(error, BASE_ERROR_INVALID,
                              "parameter ‘%s’ is malformed: want UTF-8 without control "
                              "characters, percent-encoded",
                              name);
    WebPair *pair = g_new0(WebPair, 1);
    pair->name = g_steal_pointer(&name);
    pair->value = g_steal_pointer(&value);
    g_ptr_array_add(pairs, pair);
    return true;
}

GPtrArray *web_query_parse(const char *raw, GError **error)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
    if (raw != NULL && strnlen(raw, WEB_QUERY_MAX_BYTES + 1) > WEB_QUERY_MAX_BYTES) {
        base_error_set(error, BASE_ERROR_INVALID, "the query is longer than %d bytes",
                       WEB_QUERY_MAX_BYTES);
        return NULL;
    }
    const char *next = raw;
    while (next != NULL && *next != '\0') {
        size_t length = strcspn(next, "&");
        if (pairs->len == WEB_QUERY_MAX_PAIRS) {
            base_error_set(error, BASE_ERROR_INVALID, "the query has more than %d parameters",
                           WEB_QUERY_MAX_PAIRS);
            return NULL;
        }
        if (length > 0 && !add_pair(pairs, next, length, error))
            return NULL;
        next += length;
        next += *next == '&' ? 1 : 0;
    }
    return g_steal_pointer(&pairs);
}

const char *web_query_find(const GPtrArray *pairs, const char *name)
{
    for (unsigned i = 0; i < pairs->len; i++) {
        const WebPair *pair = pairs->pdata[i];
        if (strcmp(pair->name, name) == 0)
            return pair->value;
    }
    return NULL;
}

void web_query_append(GString *target, const char *name, const char *value)
{
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    g_string_append_printf(target, "%c%s=%s", strchr(target->str, '?') != NULL ? '&' : '?', name,
                           escaped);
}
