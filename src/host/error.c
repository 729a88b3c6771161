/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of the host.
 */
#include "host/error.h"

#include "base/error.h"

#include <string.h>

G_DEFINE_QUARK(host_error, host_error)

gboolean host_error_set(GError **error, HostError code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, HOST_ERROR, (gint)code, message);
    return FALSE;
}

gboolean host_error_is_no_space(const GError *error)
{
    /* libostree gives its own reserve no code, only this word. */
    return base_error_is_no_space(error) ||
           g_error_matches(error, HOST_ERROR, HOST_ERROR_NO_SPACE) ||
           strstr(error->message, "min-free-space-") != NULL;
}
