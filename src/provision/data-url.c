/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * data: URLs (RFC 2397), both ways. Strict: what is not base64 or a percent escape is an error,
 * since a config that was cut short must not become an empty file.
 */
#include "provision/data-url.h"

#include "provision/error.h"

#include <stdbool.h>
#include <string.h>

static GBytes *unescape(const char *text, GError **error)
{
    size_t length = strlen(text);
    g_autofree guint8 *out = g_malloc(length + 1);
    size_t size_bytes = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '%') {
            out[size_bytes++] = (guint8)text[i];
            continue;
        }
        int high = i + 1 < length ? g_ascii_xdigit_value(text[i + 1]) : -1;
        int low = high >= 0 && i + 2 < length ? g_ascii_xdigit_value(text[i + 2]) : -1;
        if (low < 0) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "not a data URL: a percent sign without two hexadecimal digits");
            return NULL;
        }
        out[size_bytes++] = (guint8)(high * 16 + low);
        i += 2;
    }
    return g_bytes_new(out, size_bytes);
}

static bool is_base64_char(guint8 c)
{
    return g_ascii_isalnum(c) || c == '+' || c == '/';
}

static GBytes *decode_base64(GBytes *escaped, GError **error)
{
    gsize size_bytes = 0;
    const guint8 *data = g_bytes_get_data(escaped, &size_bytes);
    g_autoptr(GString) text = g_string_sized_new(size_bytes);
    for (gsize i = 0; i < size_bytes; i++) {
        if (data[i] != '\r' && data[i] != '\n')
            g_string_append_c(text, (char)data[i]);
    }
    size_t end = text->len;
    for (unsigned i = 0; i < 2 && end > 0 && text->str[end - 1] == '='; i++)
        end--;
    bool good = text->len % 4 == 0;
    for (size_t i = 0; good && i < end; i++)
        good = is_base64_char((guint8)text->str[i]);
    if (!good) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "not a data URL: its base64 is damaged");
        return NULL;
    }
    gsize out_bytes = 0;
    guint8 *out = g_base64_decode(text->str, &out_bytes);
    return g_bytes_new_take(out, out_bytes);
}

GBytes *provision_data_url_decode(const char *url, GError **error)
{
    const char *comma = strchr(url, ',');
    if (g_ascii_strncasecmp(url, "data:", 5) != 0 || comma == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "not a data URL: “data:[TYPE][;base64],DATA” is wanted");
        return NULL;
    }
    g_autofree char *type = g_strndup(url + 5, (gsize)(comma - url - 5));
    g_autoptr(GBytes) bytes = unescape(comma + 1, error);
    if (bytes == NULL || !g_str_has_suffix(type, ";base64"))
        return g_steal_pointer(&bytes);
    return decode_base64(bytes, error);
}

char *provision_data_url_encode(GBytes *bytes)
{
    gsize size_bytes = 0;
    const guint8 *data = g_bytes_get_data(bytes, &size_bytes);
    g_autoptr(GString) text = g_string_new("data:,");
    for (gsize i = 0; i < size_bytes; i++) {
        if (g_ascii_isalnum(data[i]) || (data[i] != '\0' && strchr("-_.~!*'()", data[i]) != NULL))
            g_string_append_c(text, (char)data[i]);
        else
            g_string_append_printf(text, "%%%02X", data[i]);
    }
    if (text->len <= strlen("data:;base64,") + (size_bytes + 2) / 3 * 4)
        return g_string_free(g_steal_pointer(&text), FALSE);
    g_autofree char *encoded = g_base64_encode(data, size_bytes);
    return g_strconcat("data:;base64,", encoded, NULL);
}
