/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names in a cpio archive of the form that the kernel unpacks.
 */
#include "tree/cpio.h"

#include <stdint.h>
#include <string.h>

#define HEADER_BYTES 110
#define FILE_SIZE_OFFSET 54
#define NAME_SIZE_OFFSET 94
#define NAME_MAX_BYTES 4096

static bool parse_hex8(const char *text, uint32_t *out_value)
{
    uint32_t value = 0;
    for (int i = 0; i < 8; i++) {
        int digit = g_ascii_xdigit_value(text[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *out_value = value;
    return true;
}

static size_t align4(size_t offset)
{
    return (offset + 3) & ~(size_t)3;
}

static bool set_malformed(GError **error, size_t offset, const char *what)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "cpio archive: %s at offset 0x%zx", what,
                offset);
    return false;
}

bool tree_cpio_list(const char *data, size_t size_bytes, GHashTable *names, GError **error)
{
    size_t offset = 0;
    while (offset + HEADER_BYTES <= size_bytes) {
        const char *header = data + offset;
        uint32_t name_bytes = 0, file_bytes = 0;
        if (memcmp(header, "07070", 5) != 0 || (header[5] != '1' && header[5] != '2') ||
            !parse_hex8(header + NAME_SIZE_OFFSET, &name_bytes) ||
            !parse_hex8(header + FILE_SIZE_OFFSET, &file_bytes))
            return set_malformed(error, offset, "no header");
        size_t name_offset = offset + HEADER_BYTES;
        if (name_bytes == 0 || name_bytes > NAME_MAX_BYTES ||
            name_bytes > size_bytes - name_offset || data[name_offset + name_bytes - 1] != '\0')
            return set_malformed(error, offset, "bad name");
        const char *name = data + name_offset;
        if (strcmp(name, "TRAILER!!!") == 0)
            return true;
        while (g_str_has_prefix(name, "./") || *name == '/')
            name += *name == '/' ? 1 : 2;
        g_hash_table_add(names, g_strdup(name));
        size_t data_offset = align4(name_offset + name_bytes);
        if (data_offset > size_bytes || file_bytes > size_bytes - data_offset)
            return set_malformed(error, offset, "truncated file");
        offset = align4(data_offset + file_bytes);
    }
    return set_malformed(error, offset, "no trailer");
}
