/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/state/manifest.h"

G_BEGIN_DECLS

/**
 * ProvisionUndoFlags:
 * @PROVISION_UNDO_FORCE: also what somebody changed since
 * @PROVISION_UNDO_DRY_RUN: only say
 */
typedef enum {
    PROVISION_UNDO_DEFAULT = 0,
    PROVISION_UNDO_FORCE = 1 << 0,
    PROVISION_UNDO_DRY_RUN = 1 << 1,
} ProvisionUndoFlags;

/**
 * provision_undo:
 * @manifest: what was made; what is undone leaves it
 * @older_than: only what no apply since that generation wanted; -1 for all
 * @flags: see #ProvisionUndoFlags
 * @tell: (nullable): called with each path and what becomes of it ("removed", "restored", "kept:
 *   changed since")
 * @data: for @tell
 * @error: return location
 *
 * Puts things back, the last first. What is not as atoll left it stays, and is told.
 */
bool provision_undo(ProvisionManifest *manifest, int64_t older_than, ProvisionUndoFlags flags,
                    void (*tell)(void *data, const char *what, const char *outcome), void *data,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * ProvisionCleanFlags: what goes besides the instance's state
 */
typedef enum {
    PROVISION_CLEAN_DEFAULT = 0,
    PROVISION_CLEAN_LOGS = 1 << 0,
    PROVISION_CLEAN_MACHINE_ID = 1 << 1,
    PROVISION_CLEAN_SEED = 1 << 2,
} ProvisionCleanFlags;

/** provision_clean: the next boot is a first boot again; what was set up stays as it is */
bool provision_clean(ProvisionRoot *root, ProvisionCleanFlags flags,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
