/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/plan.h"
#include "provision/value.h"

G_BEGIN_DECLS

/**
 * CmdProvisionChange:
 * @at: the key that wants it
 * @what: "file", "user", …
 * @verb: "create", "change", "keep", "remove", "run", "set"
 * @name: of what
 *
 * One thing that applying a plan would do.
 */
typedef struct {
    ProvisionPlace at;
    const char *what;
    const char *verb;
    char *name;
} CmdProvisionChange;

/**
 * cmd_provision_preview:
 * @plan: a plan
 * @root: a root file system; nothing in it is changed
 * @error: @root cannot be looked at
 *
 * Returns: (transfer full) (element-type CmdProvisionChange): what would change in @root, in the
 *   order of applying
 */
GPtrArray *cmd_provision_preview(const ProvisionPlan *plan, const char *root,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_provision_changes_value: (transfer full): @changes as a list for JSON */
ProvisionValue *cmd_provision_changes_value(const GPtrArray *changes);

/** cmd_provision_print_changes: prints @changes, one a line */
void cmd_provision_print_changes(const GPtrArray *changes);

G_END_DECLS
