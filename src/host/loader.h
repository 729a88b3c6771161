/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * host_loader_update:
 * @sysroot: opened for writing; the deployment that runs was found good
 * @out_changed: (transfer full) (nullable): for which firmware it was changed; %NULL when all was
 *   as it should be
 * @cancellable: (nullable)
 * @error: return location; then what was there before is still what starts
 *
 * Makes the boot loader of the disk anew, from the GRUB of the tree that runs. It is done when a
 * version is found good and not before: until then the loader of the version before has to be able
 * to start that again.
 */
bool host_loader_update(const HostSysroot *sysroot, char **out_changed, GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_loader_update_menu:
 * @sysroot: opened for writing; its boot loader is that of the deployment that runs
 * @out_changed: whether it was changed
 * @error: return location; then what was there before is still what starts
 *
 * Makes /boot/grub/grub.cfg the one of this version, unless it is an administrator's own or the
 * disk has none. It comes after the boot loader: a script may need the modules of its own GRUB.
 */
bool host_loader_update_menu(const HostSysroot *sysroot, bool *out_changed,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
