/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * cmd_host_finalize_late:
 * @path: (nullable): what @sysroot was opened with
 * @sysroot: opened for reading
 * @state_dir: see host_sysroot_state_dir()
 * @cancellable: (nullable)
 * @error: return location
 *
 * The power can go between the change of what boots and what comes after it, and GRUB, which does
 * not replay the journal, then starts the old version once more: the rest is done now.
 */
bool cmd_host_finalize_late(const char *path, const HostSysroot *sysroot, const char *state_dir,
                            GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
