/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * HostEtcPolicy:
 * @HOST_ETC_KEEP: the local file stays, and the ledger says that it hides a new default
 * @HOST_ETC_TAKE: the new default takes the local file's place; that is saved
 * @HOST_ETC_FAIL: no update before somebody has decided
 *
 * What becomes of a file in /etc that was changed here when the image brings a new default.
 */
typedef enum { HOST_ETC_KEEP, HOST_ETC_TAKE, HOST_ETC_FAIL } HostEtcPolicy;

/** host_etc_policy_name: "keep", "take" or "fail" */
const char *host_etc_policy_name(HostEtcPolicy self);

/** HostEtcRules: which path has which policy */
typedef struct _HostEtcRules HostEtcRules;

/** host_etc_rules_new: (transfer full): no rules: everything is kept */
HostEtcRules *host_etc_rules_new(void);
void host_etc_rules_free(HostEtcRules *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostEtcRules, host_etc_rules_free)

/**
 * host_etc_rules_load:
 * @root_dfd: root directory of a deployment
 * @error: "FILE:LINE:COLUMN: …"
 *
 * Reads usr/lib/atoll/etc.d and etc/atoll/etc.d (base_dropins_find()), "*.yaml".
 *
 * Returns: (transfer full): all rules
 */
HostEtcRules *host_etc_rules_load(int root_dfd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_etc_rules_parse: adds the rules of one drop-in; @name is for messages */
bool host_etc_rules_parse(HostEtcRules *self, const char *name, GBytes *bytes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_etc_rules_find: the policy of @path ("/etc/issue"): that of the last rule that matches */
HostEtcPolicy host_etc_rules_find(const HostEtcRules *self, const char *path);

G_END_DECLS
