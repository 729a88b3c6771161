/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GRUB's environment block: a signature, lines "NAME=VALUE", and '#' up to its fixed size (GRUB's
 * manual, "The GRUB environment block").
 */
#include "boot/environment.h"

#include <string.h>

#define SIGNATURE "# GRUB Environment Block\n"

char *boot_environment_get(const char *block, size_t size_bytes, const char *name, GError **error)
{
    size_t signature_bytes = strlen(SIGNATURE), name_chars = strlen(name);
    if (size_bytes != BOOT_ENVIRONMENT_BYTES || memcmp(block, SIGNATURE, signature_bytes) != 0) {
        g_set_error(error, BOOT_ERROR, BOOT_ERROR_INVALID,
                    "it is no environment block of GRUB: %u bytes that begin with ‘%.24s’ are "
                    "wanted",
                    BOOT_ENVIRONMENT_BYTES, SIGNATURE);
        return NULL;
    }
    const char *end = block + size_bytes;
    for (const char *line = block + signature_bytes; line < end;) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        if (line_end == NULL)
            break;
        size_t chars = (size_t)(line_end - line);
        if (chars > name_chars && line[name_chars] == '=' && memcmp(line, name, name_chars) == 0)
            return g_strndup(line + name_chars + 1, chars - name_chars - 1);
        line = line_end + 1;
    }
    return g_strdup("");
}

void boot_environment_print(const char *name, const char *value,
                            char out_block[static BOOT_ENVIRONMENT_BYTES])
{
    g_autofree char *text = g_strdup_printf("%s%s=%s\n", SIGNATURE, name, value);
    size_t chars = strlen(text);
    g_assert(chars < BOOT_ENVIRONMENT_BYTES);
    memset(out_block, '#', BOOT_ENVIRONMENT_BYTES);
    memcpy(out_block, text, chars);
}
