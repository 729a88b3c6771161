/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HOST_ERROR (host_error_quark())

/**
 * HostError:
 * @HOST_ERROR_FAILED: no caller tells this failure apart from others
 * @HOST_ERROR_REFUSED: a commit was not taken: unsigned, wrongly signed, older, of another
 *   ref; asking again will not help before something changes
 * @HOST_ERROR_NO_SPACE: a disk is full
 */
typedef enum {
    HOST_ERROR_FAILED,
    HOST_ERROR_REFUSED,
    HOST_ERROR_NO_SPACE,
} HostError;

GQuark host_error_quark(void);

/** host_error_set: sets an error of this domain; returns %FALSE */
gboolean host_error_set(GError **error, HostError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** host_error_is_no_space: whether @error, be it ours, GIO's or libostree's, is a full disk */
gboolean host_error_is_no_space(const GError *error);

G_END_DECLS
