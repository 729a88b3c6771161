/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define STORE_ERROR (store_error_quark())

/**
 * StoreError:
 * @STORE_ERROR_FAILED: no caller tells this failure apart
 * @STORE_ERROR_NOT_FOUND: no such ref, commit or object
 * @STORE_ERROR_CORRUPT: an object is not what its checksum or format says
 */
typedef enum {
    STORE_ERROR_FAILED,
    STORE_ERROR_NOT_FOUND,
    STORE_ERROR_CORRUPT,
} StoreError;

GQuark store_error_quark(void);

G_END_DECLS
