/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Request paths: decoded once, strictly, so that no later step sees an escape or a "..".
 */
#include "web/path.h"

#include <stdbool.h>
#include <string.h>

static bool decode_escape(const char *text, char *out_byte)
{
    int high = g_ascii_xdigit_value(text[0]);
    int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
    if (low < 0)
        return false;
    *out_byte = (char)(high * 16 + low);
    return true;
}

static bool component_is_sane(const char *start, size_t length, bool is_last)
{
    if (length == 0)
        return is_last;
    return !(length == 1 && start[0] == '.') &&
           !(length == 2 && start[0] == '.' && start[1] == '.');
}

static bool components_are_sane(const char *path)
{
    const char *start = path + 1;
    while (true) {
        const char *end = strchrnul(start, '/');
        if (!component_is_sane(start, (size_t)(end - start), *end == '\0'))
            return false;
        if (*end == '\0')
            return true;
        start = end + 1;
    }
}

char *web_path_decode(const char *raw)
{
    size_t length = strnlen(raw, WEB_PATH_MAX_BYTES + 1);
    if (length > WEB_PATH_MAX_BYTES || raw[0] != '/')
        return NULL;
    g_autofree char *path = g_malloc(length + 1);
    size_t used = 0;
    for (const char *next = raw; *next != '\0'; next++) {
        char byte = *next;
        if (byte == '%') {
            if (!decode_escape(next + 1, &byte))
                return NULL;
            next += 2;
        }
        if ((unsigned char)byte < 0x20 || byte == 0x7f || byte == '\\')
            return NULL;
        path[used++] = byte;
    }
    path[used] = '\0';
    if (!g_utf8_validate(path, (gssize)used, NULL) || !components_are_sane(path))
        return NULL;
    return g_steal_pointer(&path);
}
