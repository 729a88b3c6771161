/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "host/commit.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * HostUpgradeFlags:
 * @HOST_UPGRADE_ALLOW_DOWNGRADE: take a commit that is older than the default deployment's
 */
typedef enum {
    HOST_UPGRADE_DEFAULT = 0,
    HOST_UPGRADE_ALLOW_DOWNGRADE = 1 << 0,
} HostUpgradeFlags;

/**
 * HostPreflightFlags:
 * @HOST_PREFLIGHT_ALLOW_ID_DRIFT: users whose numbers move are no reason to refuse
 */
typedef enum {
    HOST_PREFLIGHT_DEFAULT = 0,
    HOST_PREFLIGHT_ALLOW_ID_DRIFT = 1 << 0,
} HostPreflightFlags;

/**
 * HostUpgrade:
 * @origin: where updates come from
 * @commit: verified; what would be deployed
 * @current: what the next boot takes as things are
 * @is_new: whether the two differ
 */
typedef struct {
    HostOrigin origin;
    HostCommit *commit;
    HostCommit *current;
    bool is_new;
} HostUpgrade;

void host_upgrade_free(HostUpgrade *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostUpgrade, host_upgrade_free)

/**
 * host_upgrade_find:
 * @sysroot: a sysroot; nothing in it is touched
 * @revision: (nullable): checksum or version of the origin's ref; %NULL for the newest
 * @flags: see #HostUpgradeFlags
 * @cancellable: (nullable)
 * @error: %HOST_ERROR_REFUSED when the commit must not be taken
 */
HostUpgrade *host_upgrade_find(const HostSysroot *sysroot, const char *revision,
                               HostUpgradeFlags flags, GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_upgrade_find_rebase:
 * @sysroot: a sysroot; nothing in it is touched
 * @name: "STREAM", which replaces the last part of the ref, "REF" or "REMOTE:REF"
 * @cancellable: (nullable)
 * @error: %HOST_ERROR_REFUSED when its commit must not be taken
 *
 * Returns: (transfer full): the newest commit there, with an origin that follows it
 */
HostUpgrade *host_upgrade_find_rebase(const HostSysroot *sysroot, const char *name,
                                      GCancellable *cancellable,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_upgrade_apply:
 * @self: what was found
 * @sysroot: opened for writing
 * @flags: see #HostPreflightFlags
 * @progress: (nullable)
 * @cancellable: (nullable)
 * @error: return location; then no deployment and no ref has changed. %HOST_ERROR_REFUSED and
 *   %HOST_ERROR_NO_SPACE are what host_preflight_run() found
 *
 * Fetches, looks whether anything would go wrong later, deploys, and notes it in the ledgers.
 */
bool host_upgrade_apply(const HostUpgrade *self, HostSysroot *sysroot, HostPreflightFlags flags,
                        const BaseProgress *progress, GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
