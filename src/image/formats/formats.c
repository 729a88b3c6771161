/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of disk image formats.
 */
#include "image/formats/format.h"

#include "image/error.h"

static const ImageFormat *const table[] = {
    &image_format_raw,
    &image_format_qcow2,
    NULL,
};

const ImageFormat *const *image_formats(void)
{
    return table;
}

const ImageFormat *image_format_find(const char *name, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (const ImageFormat *const *format = table; *format != NULL; format++) {
        if (g_str_equal((*format)->name, name))
            return *format;
        g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", (*format)->name);
    }
    g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION,
                "there is no image format ‘%s’; there are: %s", name, known->str);
    return NULL;
}
