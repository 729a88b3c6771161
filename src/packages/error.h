/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define PACKAGES_ERROR (packages_error_quark())

/**
 * PackagesError:
 * @PACKAGES_ERROR_FAILED: no caller tells this failure apart
 * @PACKAGES_ERROR_INVALID: a package or metadata file is malformed
 * @PACKAGES_ERROR_DIGEST: contents do not have the digest that a signed index promises
 * @PACKAGES_ERROR_SIGNATURE: repository metadata is not signed by the keyring
 * @PACKAGES_ERROR_UNSOLVABLE: no set of packages fulfils the manifest; the message says why
 * @PACKAGES_ERROR_LOCK: the lock does not fit, or one of its packages cannot be had
 */
typedef enum {
    PACKAGES_ERROR_FAILED,
    PACKAGES_ERROR_INVALID,
    PACKAGES_ERROR_DIGEST,
    PACKAGES_ERROR_SIGNATURE,
    PACKAGES_ERROR_UNSOLVABLE,
    PACKAGES_ERROR_LOCK,
} PackagesError;

GQuark packages_error_quark(void);

G_END_DECLS
