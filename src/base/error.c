/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of the lowest room and the one place where an errno becomes a GError.
 */
#include "base/error.h"

#include <errno.h>

G_DEFINE_QUARK(base_error, base_error)

static BaseError code_from_errno(int saved_errno)
{
    switch (saved_errno) {
    case ENOSPC:
    case EDQUOT:
        return BASE_ERROR_NO_SPACE;
    case ENOENT:
        return BASE_ERROR_NOT_FOUND;
    default:
        return BASE_ERROR_FAILED;
    }
}

gboolean base_error_set_errno(GError **error, int saved_errno, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BASE_ERROR, code_from_errno(saved_errno), "%s: %s", what,
                g_strerror(saved_errno));
    return FALSE;
}

gboolean base_error_set(GError **error, BaseError code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, BASE_ERROR, (gint)code, message);
    return FALSE;
}

gboolean base_error_is_no_space(const GError *error)
{
    return g_error_matches(error, BASE_ERROR, BASE_ERROR_NO_SPACE) ||
           g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
}
