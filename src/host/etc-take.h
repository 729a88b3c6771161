/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * host_etc_take:
 * @sysroot: opened for writing
 * @deployment: a finished deployment, which does not run
 * @state_dir: see host_sysroot_state_dir()
 * @out_n: (out): how many files gave way
 * @error: a file that could not be saved or replaced
 *
 * Puts the defaults that the policy wants in the place of files in @deployment's /etc, which are
 * on the disk in @state_dir before. What runs and what ‘rollback’ would take are not touched. May
 * be done again, wherever it was cut.
 */
bool host_etc_take(const HostSysroot *sysroot, OstreeDeployment *deployment, const char *state_dir,
                   unsigned *out_n, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
