/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision apply
 */
#include "cmd/provision/apply.h"

#include "cmd/provision/commands.h"
#include "provision/fetch.h"
#include "provision/ignition/ignition.h"
#include "provision/state/runner.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_provision_apply_options[] = {
    {.name = "stage",
     .metavar = "STAGE",
     .help = "local, network, config or final (default: all, one after another)"},
    {.name = "root", .metavar = "DIR", .help = "set up this root (default: the running system)"},
    {.name = "instance",
     .metavar = "DIR",
     .help = "where the instance is kept (default: the root's /run/atoll/provision)"},
    {.name = "again", .help = "apply once more, and undo what is no longer wanted"},
    CMD_OPTION_QUIET,
    {0},
};

static void print_record(const ProvisionRecord *record, bool only_bad)
{
    bool good = record->outcome == PROVISION_APPLIED || record->outcome == PROVISION_UNCHANGED;
    if (good && only_bad)
        return;
    const char *key = record->at.key != NULL ? record->at.key : "-";
    if (record->at.source != NULL && record->at.line > 0)
        (void)fprintf(good ? stdout : stderr, "%s:%u:%u: ", record->at.source, record->at.line,
                      record->at.column);
    (void)fprintf(good ? stdout : stderr, "%s: %s%s%s\n", key,
                  provision_outcome_name(record->outcome), record->message != NULL ? ": " : "",
                  record->message != NULL ? record->message : "");
}

bool cmd_provision_apply_stage(const CmdProvisionApply *wanted, ProvisionStage stage,
                               ProvisionOutcome *out_worst, GCancellable *cancellable,
                               GError **error)
{
    g_autoptr(ProvisionFetcher) fetcher = provision_fetcher_new();
    const ProvisionRun run = {
        .config = {.ignition = provision_ignition_add_part, .ignition_data = fetcher},
        .contents = provision_fetcher_get_contents,
        .contents_data = fetcher,
        .root = wanted->root,
        .instance_dir = wanted->instance_dir,
        .stage = stage,
        .again = wanted->again,
    };
    g_autoptr(ProvisionReport) report = NULL;
    if (!provision_run(&run, out_worst, &report, cancellable, error))
        return false;
    for (guint i = 0; report != NULL && i < report->records->len; i++)
        print_record(report->records->pdata[i], wanted->quiet);
    (void)fflush(stdout);
    return true;
}

CmdExit cmd_provision_apply_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *wanted = cmd_args_string(args, "stage");
    const CmdProvisionApply apply = {.root = cmd_args_string(args, "root"),
                                     .instance_dir = cmd_args_string(args, "instance"),
                                     .again = cmd_args_flag(args, "again"),
                                     .quiet = cmd_args_flag(args, "quiet")};
    ProvisionOutcome worst = PROVISION_APPLIED;
    bool known = false;
    for (ProvisionStage stage = PROVISION_STAGE_LOCAL; stage <= PROVISION_STAGE_FINAL; stage++) {
        if (wanted != NULL && strcmp(wanted, provision_apply_stage_name(stage)) != 0)
            continue;
        known = true;
        if (!cmd_provision_apply_stage(&apply, stage, &worst, cancellable, error))
            return CMD_EXIT_FAILED;
    }
    if (!known) {
        (void)fprintf(
            stderr, "atoll-provision: no stage ‘%s’: there are local, network, config and final\n",
            wanted);
        return CMD_EXIT_USAGE;
    }
    return worst == PROVISION_FAILED ? CMD_EXIT_FAILED : CMD_EXIT_DONE;
}
