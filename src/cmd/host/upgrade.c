/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host upgrade, and deploy, which is the same with a revision.
 */
#include "cmd/error.h"
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"

#include "cmd/terminal.h"
#include "host/guard.h"
#include "host/preflight.h"
#include "host/remote.h"
#include "update/agent.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_host_upgrade_options[] = {
    {.name = "check", .help = "only say what would come; status 3 when there is nothing new"},
    CMD_OPTION_JSON,
    {.name = "allow-downgrade", .help = "take a version that is older than this one"},
    CMD_HOST_OPTION_ALLOW_ID_DRIFT,
    CMD_HOST_OPTION_TIMEOUT,
    CMD_HOST_OPTION_REBOOT,
    CMD_OPTION_QUIET,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

const CmdOption cmd_host_deploy_options[] = {
    CMD_HOST_OPTION_ALLOW_ID_DRIFT, CMD_HOST_OPTION_TIMEOUT,
    CMD_HOST_OPTION_REBOOT,         CMD_OPTION_QUIET,
    CMD_HOST_OPTION_SYSROOT,        {0},
};

bool cmd_host_take_timeout(const CmdArgs *args, HostSysroot *sysroot, GError **error)
{
    guint64 seconds = HOST_GUARD_TIMEOUT_S;
    const char *text = cmd_args_string(args, "timeout");
    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 1, 24 * 60 * 60, &seconds, error)) {
        g_prefix_error(error, "--timeout: ");
        return false;
    }
    sysroot->timeout_s = (unsigned)seconds;
    return true;
}

static HostPreflightFlags preflight_flags(const CmdArgs *args)
{
    return cmd_args_flag(args, "allow-id-drift") ? HOST_PREFLIGHT_ALLOW_ID_DRIFT
                                                 : HOST_PREFLIGHT_DEFAULT;
}

CmdExit cmd_host_apply(const HostUpgrade *found, HostSysroot *sysroot, const CmdArgs *args,
                       GCancellable *cancellable, GError **error)
{
    bool quiet = cmd_args_flag(args, "quiet");
    {
        g_autoptr(CmdTerminal) terminal =
            cmd_terminal_new(quiet ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
        if (!host_upgrade_apply(found, sysroot, preflight_flags(args),
                                cmd_terminal_progress(terminal), cancellable, error))
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

static CmdExit check(const HostUpgrade *found, const HostSysroot *sysroot, const CmdArgs *args,
                     GCancellable *cancellable, GError **error)
{
    g_auto(HostScratch) scratch = {0};
    if (!host_remote_peek(sysroot, &found->origin, found->commit->checksum, &scratch, cancellable,
                          error))
        return CMD_EXIT_FAILED;
    g_autoptr(HostPreflight) preflight = host_preflight_run(
        sysroot, found->commit, scratch.repo, preflight_flags(args), cancellable, error);
    if (preflight == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *label = host_commit_label(found->commit);
    if (cmd_args_flag(args, "json")) {
        g_autofree char *json = host_preflight_print_json(preflight, found->commit, found->current);
        printf("%s\n", json);
    } else {
        g_autofree char *current = host_commit_label(found->current);
        g_autofree char *text = host_preflight_print_text(preflight);
        printf("%s would come after %s, signed with key %s\n%s", label, current, found->commit->key,
               text);
    }
    return host_preflight_refuse(preflight, label, error) ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}

static CmdExit run(const CmdArgs *args, const char *revision, HostUpgradeFlags flags,
                   GCancellable *cancellable, GError **error)
{
    bool only_check = revision == NULL && cmd_args_flag(args, "check");
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"),
                          only_check ? HOST_SYSROOT_READ : HOST_SYSROOT_WRITE, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    if (!cmd_host_take_timeout(args, sysroot, error))
        return CMD_EXIT_USAGE;
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
    if (only_check)
        return check(found, sysroot, args, cancellable, error);
    return cmd_host_apply(found, sysroot, args, cancellable, error);
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
