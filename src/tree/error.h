/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define TREE_ERROR (tree_error_quark())

/**
 * TreeError:
 * @TREE_ERROR_FAILED: no caller tells this failure apart
 * @TREE_ERROR_CONFLICT: two packages want different things at one path
 * @TREE_ERROR_SCRIPT: a package's or the manifest's script failed
 * @TREE_ERROR_KERNEL: not exactly one kernel, or no initramfs can be made
 * @TREE_ERROR_SIGNATURE: provenance that no trusted key signed, or of another commit
 * @TREE_ERROR_NOT_FOUND: a commit lacks what was asked for
 */
typedef enum {
    TREE_ERROR_FAILED,
    TREE_ERROR_CONFLICT,
    TREE_ERROR_SCRIPT,
    TREE_ERROR_KERNEL,
    TREE_ERROR_SIGNATURE,
    TREE_ERROR_NOT_FOUND,
} TreeError;

GQuark tree_error_quark(void);

G_END_DECLS
