/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host rebase
 */
#include "cmd/host/commands.h"

#include "host/upgrade.h"

#include <stdio.h>

const CmdOption cmd_host_rebase_options[] = {
    CMD_HOST_OPTION_ALLOW_ID_DRIFT,
    CMD_HOST_OPTION_REBOOT,
    CMD_OPTION_QUIET,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

CmdExit cmd_host_rebase_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_WRITE, cancellable, error);
    g_autoptr(HostUpgrade) found =
        sysroot != NULL
            ? host_upgrade_find_rebase(sysroot, cmd_args_operands(args)[0], cancellable, error)
            : NULL;
    if (found == NULL)
        return CMD_EXIT_FAILED;
    if (!found->is_new) {
        printf("nothing to do: the host follows ‘%s’ already\n", found->origin.refspec);
        return CMD_EXIT_NOTHING_TO_DO;
    }
    return cmd_host_apply(found, sysroot, args, cancellable, error);
}
