/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/counter.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * HostBoot:
 * @counts: whether the boot loader's counter can be read
 * @counter: what it says
 * @is_good: what starts by default was found good before
 * @is_default: what runs is what starts by default
 * @n_entries: deployments in the boot menu; a staged one is not in it
 *
 * This start of the host, as the boot loader made it.
 */
typedef struct {
    bool counts;
    BootCounter counter;
    bool is_good;
    bool is_default;
    unsigned n_entries;
} HostBoot;

/** host_boot_read: fills @out_boot in; what cannot be read is not so */
void host_boot_read(const HostSysroot *sysroot, HostBoot *out_boot);

/** host_boot_fell_back: whether the boot loader gave the default deployment up, and this runs in
 * its stead */
bool host_boot_fell_back(const HostBoot *self);

/** host_boot_on_trial: whether what runs was not found good yet, and there is something to go back
 * to */
bool host_boot_on_trial(const HostBoot *self);

/** host_boot_uncounted: whether the deployment that runs is on trial, but the boot loader could
 * not write its counter */
bool host_boot_uncounted(const HostBoot *self);

/** host_boot_print: (transfer full): what @self means, in a line for people */
char *host_boot_print(const HostBoot *self);

/**
 * host_boot_set_counter:
 * @sysroot: opened for writing
 * @counter: what GRUB shall find
 * @error: return location
 *
 * Writes the environment block, synced. It is overwritten where it lies: GRUB knows its blocks on
 * the disk and nothing of the file system's journal, so a new file in its place might be written
 * to by GRUB before it is there, or after it has gone.
 */
bool host_boot_set_counter(const HostSysroot *sysroot, BootCounter counter,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_boot_bless:
 * @sysroot: opened for writing; what runs is what starts by default
 * @error: return location
 *
 * Marks the default deployment as found good: from now on it is started without counting.
 */
bool host_boot_bless(const HostSysroot *sysroot, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_boot_give_up:
 * @sysroot: opened for writing
 * @cancellable: (nullable)
 * @error: return location
 *
 * What starts by default is no good. When another deployment runs, that becomes the default and
 * the bad one is removed; else the next one becomes the default and the bad one the last.
 */
bool host_boot_give_up(HostSysroot *sysroot, GCancellable *cancellable,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_boot_first: (transfer none) (nullable): the deployment that starts by default, staged ones
 * aside */
OstreeDeployment *host_boot_first(const HostSysroot *sysroot);

G_END_DECLS
