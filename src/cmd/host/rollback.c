/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host rollback
 */
#include "cmd/host/commands.h"

#include "host/commit.h"
#include "host/deploy.h"
#include "host/history.h"

#include <stdio.h>

const CmdOption cmd_host_rollback_options[] = {
    {.name = "now", .help = "the same as --reboot"},
    CMD_HOST_OPTION_REBOOT,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

CmdExit cmd_host_rollback_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_WRITE, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    bool had_staged = ostree_sysroot_get_staged_deployment(sysroot->ostree) != NULL;
    OstreeDeployment *previous = host_sysroot_rollback(sysroot);
    g_autofree char *checksum =
        previous != NULL ? g_strdup(ostree_deployment_get_csum(previous)) : NULL;
    bool changed = false;
    if (!host_deploy_rollback(sysroot, &changed, cancellable, error))
        return CMD_EXIT_FAILED;
    g_autoptr(HostCommit) commit = host_commit_load(sysroot->repo, checksum, error);
    if (commit == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *label = host_commit_label(commit);
    if (!changed) {
        printf("nothing to do: the previous deployment, %s, is the default already\n", label);
        return CMD_EXIT_NOTHING_TO_DO;
    }
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    host_history_note(state_dir, HOST_HISTORY_ROLLED_BACK, checksum, commit->version, NULL);
    g_autofree char *what = g_strdup_printf("%s is the default%s", label,
                                            had_staged ? ", the staged deployment is dropped" : "");
    return cmd_args_flag(args, "now") ? cmd_host_finish_now(sysroot, what, error)
                                      : cmd_host_finish(args, sysroot, what, error);
}
