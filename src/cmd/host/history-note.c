/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host agent booted and agent down: what units tell the history.
 */
#include "cmd/host/commands.h"
#include "cmd/host/finalizing.h"

#include "host/history.h"

const CmdOption cmd_host_note_options[] = {
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

CmdExit cmd_host_agent_down_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    return host_history_append(state_dir, HOST_HISTORY_DOWN, NULL, NULL, NULL, error)
               ? CMD_EXIT_DONE
               : CMD_EXIT_FAILED;
}

CmdExit cmd_host_agent_booted_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(GError) local = NULL;
    if (!cmd_host_finalize_late(cmd_args_string(args, "sysroot"), sysroot, state_dir, cancellable,
                                &local))
        g_warning("what a shutdown left undone: %s", local->message);
    return host_history_note_boot(sysroot, state_dir) ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}
