/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/commit.h"
#include "host/scratch.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * host_remote_inspect:
 * @sysroot: a sysroot; nothing in it is touched
 * @origin: which remote and ref
 * @revision: (nullable): a commit's checksum, or a version in the history of the ref; %NULL
 *   for the newest
 * @cancellable: (nullable)
 * @error: %HOST_ERROR_REFUSED when the commit is not signed as the image wants it, or is of
 *   another ref
 *
 * Fetches a commit object with its signatures, nothing else, into a scratch repo that is gone
 * on return, and verifies it.
 *
 * Returns: (transfer full): a commit that may be deployed
 */
HostCommit *host_remote_inspect(const HostSysroot *sysroot, const HostOrigin *origin,
                                const char *revision, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_remote_peek:
 * @sysroot: a sysroot; nothing in it is touched
 * @origin: which remote
 * @commit: checksum of a commit that host_remote_inspect() let through
 * @out_scratch: (out): gets a repo that has the names in the commit's /usr/etc and
 *   /usr/lib/modules/VERSION, and the contents of the former
 * @cancellable: (nullable)
 * @error: return location
 *
 * What host_preflight_run() wants to see of a tree that is not here. What the host has is taken
 * from it.
 */
bool host_remote_peek(const HostSysroot *sysroot, const HostOrigin *origin, const char *commit,
                      HostScratch *out_scratch, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
