/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "host/commit.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * HostPrefetch:
 * @sysroot: opened for writing; its repo has a transaction
 * @remote: name of the remote
 * @commit: verified: what its tree names is what may come in
 * @max_bytes: no honest answer has more
 * @progress: (nullable): objects
 *
 * What host_prefetch() is told. All borrowed.
 */
typedef struct {
    const HostSysroot *sysroot;
    const char *remote;
    const HostCommit *commit;
    uint64_t max_bytes;
    const BaseProgress *progress;
} HostPrefetch;

/**
 * host_prefetch:
 * @what: see #HostPrefetch
 * @cancellable: (nullable): ends it
 *
 * Fetches the objects of a commit that the repo lacks, many more at a time than libostree's pull
 * asks for, and writes them into the repo's transaction, each held against its checksum. Large
 * objects are left out. There are no errors: with the first thing that goes wrong it ends, and
 * what has not come is left to the pull that follows, with its retries and its messages.
 */
void host_prefetch(const HostPrefetch *what, GCancellable *cancellable);

G_END_DECLS
