/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/commit.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/** host_space_available: free bytes of the repo's file system, less the reserve that libostree
 * keeps; %UINT64_MAX when that is not known */
uint64_t host_space_available(const HostSysroot *sysroot);

/**
 * host_space_check:
 * @sysroot: a sysroot
 * @commit: what is to be fetched
 * @error: %HOST_ERROR_NO_SPACE with what is needed and what is there
 *
 * Compares what the commit says of its sizes (host_sizes_load()) with host_space_available().
 */
bool host_space_check(const HostSysroot *sysroot, const HostCommit *commit,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_space_explain:
 * @sysroot: a sysroot
 * @error: (inout): when it is a full disk, in whoever's words, it is put into ours, with the
 *   mend; else left alone
 */
void host_space_explain(const HostSysroot *sysroot, GError **error);

/** host_space_drop_partial: removes what an interrupted fetch left in the repo */
void host_space_drop_partial(const HostSysroot *sysroot);

G_END_DECLS
