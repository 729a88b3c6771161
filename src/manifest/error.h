/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MANIFEST_ERROR (manifest_error_quark())

/**
 * ManifestError:
 * @MANIFEST_ERROR_FAILED: no caller tells this failure apart
 * @MANIFEST_ERROR_INVALID: the manifest says something that cannot be; names the place
 * @MANIFEST_ERROR_CYCLE: a file includes itself
 */
typedef enum {
    MANIFEST_ERROR_FAILED,
    MANIFEST_ERROR_INVALID,
    MANIFEST_ERROR_CYCLE,
} ManifestError;

GQuark manifest_error_quark(void);

G_END_DECLS
