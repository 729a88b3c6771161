/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "host/commit.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * host_fetch_commit:
 * @sysroot: opened for writing
 * @origin: where from; its ref moves to @commit when all is there
 * @commit: verified by host_remote_inspect(); this very commit is fetched, whatever the ref
 *   says meanwhile
 * @progress: (nullable): bytes or objects
 * @cancellable: (nullable)
 * @error: %HOST_ERROR_NO_SPACE when the disk is too small, if possible before anything is
 *   fetched; what came in before another failure stays for the next try to go on from
 */
bool host_fetch_commit(HostSysroot *sysroot, const HostOrigin *origin, const HostCommit *commit,
                       const BaseProgress *progress, GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
