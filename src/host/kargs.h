/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * HostKargsChange:
 * @append: (nullable): "KEY" or "KEY=VALUE", added at the end
 * @delete: (nullable): "KEY" or "KEY=VALUE", taken away; it must be there
 * @replace: (nullable): "KEY=VALUE", or "KEY=OLD=NEW" for a key that stands more than once
 *
 * Done in the order replace, delete, append.
 */
typedef struct {
    const char *const *append;
    const char *const *delete;
    const char *const *replace;
} HostKargsChange;

/** host_kargs_text: (transfer full): arguments of @deployment, without libostree's ‘ostree=’ */
char *host_kargs_text(OstreeDeployment *deployment);

/**
 * host_kargs_change:
 * @text: kernel arguments
 * @change: what to do to them
 * @error: names the argument that is not there, or that is libostree's own
 *
 * Returns: (transfer full): the new arguments
 */
char *host_kargs_change(const char *text, const HostKargsChange *change,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_kargs_join: (transfer full): @lines, one argument each (blank ones and those that begin
 * with # do not count), as kernel arguments; @error names one that cannot be */
char *host_kargs_join(const char *lines, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
