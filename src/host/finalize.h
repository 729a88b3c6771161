/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/etc-merge.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * host_finalize:
 * @out_merge: (out): what was done in /etc
 * @cancellable: (nullable)
 * @error: also for what only libostree can do: a tree with SELinux's labels, initramfs overlays, a
 *   deployment that was staged for another one than runs
 *
 * Makes the staged deployment the one that starts next: merges /etc, and has libostree write what
 * boots. The version that gives way stays on the disk until host_finalize_clean(), since taking it
 * away is most of what libostree's own finalisation does while people wait for a shutdown.
 *
 * After an error all is as it was but for files of the staged deployment's /etc, which a merge
 * overwrites: ‘ostree admin finalize-staged’ can be run.
 *
 * Returns: (transfer full) (nullable): the sysroot, opened for writing
 */
HostSysroot *host_finalize(HostEtcMerge *out_merge, GCancellable *cancellable,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_finalize_clean:
 * @sysroot: opened for writing
 * @cancellable: (nullable)
 * @error: return location
 *
 * Takes away deployments that no boot entry leads to any more, and what /boot had for them.
 */
bool host_finalize_clean(const HostSysroot *sysroot, GCancellable *cancellable,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
