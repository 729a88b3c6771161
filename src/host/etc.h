/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/etc-policy.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * HostEtcChange:
 * @HOST_ETC_MODIFIED: the image has a default and the file here is another
 * @HOST_ETC_ADDED: the image has no default
 * @HOST_ETC_REMOVED: the image has a default and here there is none
 *
 * How a path in /etc differs from the image's default.
 */
typedef enum { HOST_ETC_MODIFIED, HOST_ETC_ADDED, HOST_ETC_REMOVED } HostEtcChange;

/** host_etc_change_name: "modified", "added" or "removed" */
const char *host_etc_change_name(HostEtcChange self);

/**
 * HostEtcEntry:
 * @path: (owned): "/etc/issue"
 * @change: what was done here
 * @policy: see #HostEtcPolicy
 * @default_changed: another image has another default than this one
 * @default_gone: and that is none
 * @conflict: (owned) (nullable): why libostree could not merge it at shutdown
 */
typedef struct {
    char *path;
    HostEtcChange change;
    HostEtcPolicy policy;
    bool default_changed;
    bool default_gone;
    char *conflict;
} HostEtcEntry;

/** host_etc_entry_is_shadowed: whether a new default is hidden by what is here */
bool host_etc_entry_is_shadowed(const HostEtcEntry *self);

/**
 * host_etc_compare:
 * @sysroot: a sysroot; its merge deployment's /etc is looked at
 * @repo: (nullable): has the directory objects of @commit's /usr/etc
 * @commit: (nullable): checksum of another image's commit; %NULL compares with none
 * @cancellable: (nullable)
 * @error: also a drop-in with policies that is wrong
 *
 * The three-way comparison that libostree will make when it merges /etc, made beforehand.
 *
 * Returns: (transfer full) (element-type HostEtcEntry): what was changed here, by path
 */
GPtrArray *host_etc_compare(const HostSysroot *sysroot, OstreeRepo *repo, const char *commit,
                            GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
