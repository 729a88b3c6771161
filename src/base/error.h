/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BASE_ERROR (base_error_quark())

/**
 * BaseError:
 * @BASE_ERROR_FAILED: no caller tells this failure apart from others
 * @BASE_ERROR_INVALID: input is malformed; the message names the place
 * @BASE_ERROR_NOT_FOUND: what was asked for does not exist
 * @BASE_ERROR_NO_SPACE: a disk or a quota is full
 * @BASE_ERROR_BUSY: somebody else holds the lock
 * @BASE_ERROR_CHILD: a child process failed; the message carries its last lines
 * @BASE_ERROR_HTTP: a server answered, but not with what was asked for
 */
typedef enum {
    BASE_ERROR_FAILED,
    BASE_ERROR_INVALID,
    BASE_ERROR_NOT_FOUND,
    BASE_ERROR_NO_SPACE,
    BASE_ERROR_BUSY,
    BASE_ERROR_CHILD,
    BASE_ERROR_HTTP,
} BaseError;

GQuark base_error_quark(void);

/**
 * base_error_set_errno:
 * @error: (out) (optional): where the error goes
 * @saved_errno: the errno of the failed call, saved on the line after it
 * @format: what was being done, lower case, no full stop ("opening ‘%s’")
 *
 * Sets an error "WHAT: strerror". ENOSPC and EDQUOT become %BASE_ERROR_NO_SPACE,
 * ENOENT becomes %BASE_ERROR_NOT_FOUND, the rest %BASE_ERROR_FAILED.
 *
 * Returns: always %FALSE, so that a caller can return it
 */
gboolean base_error_set_errno(GError **error, int saved_errno, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/**
 * base_error_set:
 * @error: (out) (optional): where the error goes
 * @code: what kind of failure
 * @format: the message
 *
 * Returns: always %FALSE
 */
gboolean base_error_set(GError **error, BaseError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/**
 * base_error_is_no_space:
 * @error: any error, whatever its domain
 *
 * Returns: %TRUE if @error says that a disk or quota is full (ours, GIO's or libostree's)
 */
gboolean base_error_is_no_space(const GError *error);

G_END_DECLS
