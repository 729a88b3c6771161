/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * host_deploy_commit:
 * @sysroot: opened for writing
 * @checksum: a commit that its repo has in full
 * @refspec: (nullable): origin of the new deployment; %NULL keeps that of the default one
 * @kernel_args: (nullable): all of them; %NULL inherits
 * @progress: (nullable)
 * @cancellable: (nullable)
 * @error: return location
 *
 * On a running host the deployment is staged: it becomes the default at shutdown. Else it is
 * written at once. The deployment that runs stays in the boot menu.
 */
bool host_deploy_commit(HostSysroot *sysroot, const char *checksum, const char *refspec,
                        char **kernel_args, const BaseProgress *progress, GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_deploy_rollback:
 * @sysroot: opened for writing
 * @out_changed: %FALSE when the previous deployment is the default already
 * @cancellable: (nullable)
 * @error: says so when there is no previous deployment
 *
 * Makes the previous deployment the default; a staged one is dropped.
 */
bool host_deploy_rollback(HostSysroot *sysroot, bool *out_changed, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * HostCleanupFlags:
 * @HOST_CLEANUP_ROLLBACK: also the deployments that neither run nor boot next nor are pinned
 * @HOST_CLEANUP_STAGED: also the staged one
 */
typedef enum {
    HOST_CLEANUP_DEFAULT = 0,
    HOST_CLEANUP_ROLLBACK = 1 << 0,
    HOST_CLEANUP_STAGED = 1 << 1,
} HostCleanupFlags;

/**
 * host_deploy_cleanup:
 * @sysroot: opened for writing
 * @flags: see #HostCleanupFlags
 * @out_removed: (out) (transfer full) (element-type OstreeDeployment): what is gone
 * @cancellable: (nullable)
 * @error: return location
 *
 * Removes deployments, what no deployment needs any more, and what broken-off fetches left.
 */
bool host_deploy_cleanup(HostSysroot *sysroot, HostCleanupFlags flags, GPtrArray **out_removed,
                         GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
