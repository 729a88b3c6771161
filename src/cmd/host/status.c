/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host status
 */
#include "cmd/host/commands.h"

#include "host/status.h"

#include <stdio.h>

const CmdOption cmd_host_status_options[] = {
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

CmdExit cmd_host_status_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) list = host_status_list(sysroot, error);
    if (list == NULL)
        return CMD_EXIT_FAILED;
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    bool json = cmd_args_flag(args, "json");
    g_autofree char *text =
        json ? host_status_print_json(sysroot, list, now) : host_status_print_text(list, now);
    printf("%s%s", text, json ? "\n" : "");
    return CMD_EXIT_DONE;
}
