/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/apply.h"
#include "provision/config.h"

G_BEGIN_DECLS

/**
 * ProvisionRun:
 * @root: (nullable): root directory; the running one
 * @instance_dir: (nullable): where provision_instance_save() kept the instance: in the root's
 *   /run/atoll/provision
 * @stage: what to run
 * @again: apply everything once more, and undo what is no longer wanted
 * @config: how to read: envelope's trust and fetch are filled in
 * @contents: (nullable): as in #ProvisionApply
 * @contents_data: for @contents
 *
 * What provision_run() is to do. All borrowed.
 */
typedef struct {
    const char *root;
    const char *instance_dir;
    ProvisionStage stage;
    bool again;
    ProvisionConfigEnv config;
    GBytes *(*contents)(void *data, const ProvisionContents *contents, GCancellable *cancellable,
                        GError **error);
    void *contents_data;
} ProvisionRun;

/**
 * provision_run:
 * @run: what to do
 * @out_worst: what came of it
 * @out_report: (transfer full) (nullable): records of this stage; %NULL when there was nothing to
 *   do
 * @cancellable: (nullable)
 * @error: what stopped it: a full disk, an instance id that is a path, a refused signature
 *
 * One stage of a boot: instance, configuration, plan, appliers. Killed at any step and run again,
 * the result is the same: what was done is found so, and what was not is done.
 */
bool provision_run(const ProvisionRun *run, ProvisionOutcome *out_worst,
                   ProvisionReport **out_report, GCancellable *cancellable,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
