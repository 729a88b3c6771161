/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/etc.h"
#include "host/packages.h"
#include "host/sizes.h"
#include "host/upgrade.h"

G_BEGIN_DECLS

/**
 * HostPreflight:
 * @knows_sizes: whether the commit says what its objects take; @sizes is nothing without
 * @sizes: what is to be fetched
 * @root_free_bytes: what the repo may still take
 * @knows_boot: whether kernel and initramfs were found and their sizes are known
 * @boot_bytes: what /boot has to take: 0 when it has this kernel already
 * @boot_free_bytes: what it can take
 * @etc: (nullable) (element-type HostEtcEntry): what was changed in /etc; %NULL: not looked at
 * @packages: (nullable) (element-type HostPackage): %NULL when a commit has no list
 * @needs_reboot: %FALSE when the files are those that run
 * @ids: (element-type utf8): users and groups that have drifted
 * @problems: (element-type utf8): why it must not be staged; with %HOST_PREFLIGHT_ALLOW_ID_DRIFT
 *   without @ids
 * @is_no_space: whether the first problem is a full disk
 *
 * What an update comes to, found out before it is staged.
 */
typedef struct {
    bool knows_sizes;
    HostSizes sizes;
    uint64_t root_free_bytes;
    bool knows_boot;
    uint64_t boot_bytes;
    uint64_t boot_free_bytes;
    GPtrArray *etc;
    GPtrArray *packages;
    bool needs_reboot;
    GPtrArray *ids;
    GPtrArray *problems;
    bool is_no_space;
} HostPreflight;

void host_preflight_free(HostPreflight *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostPreflight, host_preflight_free)

/**
 * host_preflight_run:
 * @sysroot: a sysroot; nothing is changed
 * @commit: what would be staged, verified
 * @repo: (nullable): has its tree: the host's own after the fetch, or that of host_remote_peek();
 *   with %NULL only what the commit itself says is looked at
 * @flags: see #HostPreflightFlags
 * @cancellable: (nullable)
 * @error: something could not be found out; what was found is in @problems
 *
 * Returns: (transfer full): what was found
 */
HostPreflight *host_preflight_run(const HostSysroot *sysroot, const HostCommit *commit,
                                  OstreeRepo *repo, HostPreflightFlags flags,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_preflight_refuse: sets @error to the problems, if there are any; %TRUE when not */
bool host_preflight_refuse(const HostPreflight *self, const char *label,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_preflight_print_json: (transfer full): as a JSON object */
char *host_preflight_print_json(const HostPreflight *self, const HostCommit *commit,
                                const HostCommit *current);

/** host_preflight_print_text: (transfer full): a few lines for people */
char *host_preflight_print_text(const HostPreflight *self);

G_END_DECLS
