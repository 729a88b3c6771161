/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host upgrade, and deploy, which is the same with a revision.
 */
#include "cmd/error.h"
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"

#include "cmd/terminal.h"
#include "host/upgrade.h"
#include "update/agent.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_host_upgrade_options[] = {
    {.name = "check", .help = "only say what would come; status 3 when there is nothing new"},
    {.name = "allow-downgrade", .help = "take a version that is older than this one"},
    CMD_HOST_OPTION_REBOOT,
    CMD_OPTION_QUIET,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

const CmdOption cmd_host_deploy_options[] = {
    CMD_HOST_OPTION_REBOOT,
    CMD_OPTION_QUIET,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static CmdExit apply(const HostUpgrade *found, HostSysroot *sysroot, const CmdArgs *args,
                     GCancellable *cancellable, GError **error)
{
    bool quiet = cmd_args_flag(args, "quiet");
    {
        g_autoptr(CmdTerminal) terminal =
            cmd_terminal_new(quiet ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
        if (!host_upgrade_apply(found, sysroot, cmd_terminal_progress(terminal), cancellable,
                                error))
            return CMD_EXIT_FAILED;
    }
    g_autofree char *label = host_commit_label(found->commit);
    g_autofree char *what =
        g_strdup_printf("%s is %s", label, sysroot->booted != NULL ? "staged" : "deployed");
    return cmd_host_finish(args, sysroot, what, error);
}

/* A release that failed here is not taken by hand either, unless somebody says that he knows. */
static bool check_blocked(const HostSysroot *sysroot, const HostCommit *commit, GError **error)
{
    if (sysroot->booted == NULL)
        return true;
    g_autoptr(UpdateLedger) ledger = update_ledger_load(UPDATE_AGENT_STATE_DIR, error);
    if (ledger == NULL)
        return false;
    for (unsigned i = 0; i < ledger->blocked->len; i++) {
        const UpdateBlocked *one = ledger->blocked->pdata[i];
        if (strcmp(one->commit, commit->checksum) != 0)
            continue;
        g_autofree char *label = host_commit_label(commit);
        g_set_error(
            error, CMD_ERROR, CMD_ERROR_FAILED,
            "%s is not taken, since it failed on this host before: %s (nothing was changed); "
            "‘atoll-host unblock %s’ allows it once more",
            label, one->reason, commit->version != NULL ? commit->version : one->commit);
        return false;
    }
    return true;
}

static CmdExit run(const CmdArgs *args, const char *revision, HostUpgradeFlags flags,
                   GCancellable *cancellable, GError **error)
{
    bool check = revision == NULL && cmd_args_flag(args, "check");
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"),
                          check ? HOST_SYSROOT_READ : HOST_SYSROOT_WRITE, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(HostUpgrade) found = host_upgrade_find(sysroot, revision, flags, cancellable, error);
    if (found == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *label = host_commit_label(found->commit);
    if (found->is_new && !check_blocked(sysroot, found->commit, error))
        return CMD_EXIT_FAILED;
    if (!found->is_new) {
        printf("nothing to do: %s is the default already\n", label);
        return CMD_EXIT_NOTHING_TO_DO;
    }
    if (check) {
        g_autofree char *current = host_commit_label(found->current);
        printf("%s would come after %s, signed with key %s\n", label, current, found->commit->key);
        return CMD_EXIT_DONE;
    }
    return apply(found, sysroot, args, cancellable, error);
}

CmdExit cmd_host_upgrade_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    HostUpgradeFlags flags = cmd_args_flag(args, "allow-downgrade") ? HOST_UPGRADE_ALLOW_DOWNGRADE
                                                                    : HOST_UPGRADE_DEFAULT;
    return run(args, NULL, flags, cancellable, error);
}

CmdExit cmd_host_deploy_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    /* Who names a revision means it, older or not. */
    return run(args, cmd_args_operands(args)[0], HOST_UPGRADE_ALLOW_DOWNGRADE, cancellable, error);
}
