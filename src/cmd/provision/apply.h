/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"
#include "provision/apply/apply.h"

G_BEGIN_DECLS

/**
 * CmdProvisionApply:
 * @root: (nullable): the running system when %NULL
 * @instance_dir: (nullable): the root's /run/atoll/provision when %NULL
 * @again: once more, and what is no longer wanted is undone
 * @quiet: only what did not go well is printed
 */
typedef struct {
    const char *root;
    const char *instance_dir;
    bool again;
    bool quiet;
} CmdProvisionApply;

/**
 * cmd_provision_apply_stage:
 * @wanted: how
 * @stage: which
 * @out_worst: (out): the worst that came of this boot's stages
 *
 * Runs one stage and prints its records.
 */
bool cmd_provision_apply_stage(const CmdProvisionApply *wanted, ProvisionStage stage,
                               ProvisionOutcome *out_worst, GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
