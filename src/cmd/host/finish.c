/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of each command that changes what boots next.
 */
#include "cmd/host/commands.h"

#include "base/run.h"
#include "cmd/error.h"

#include <stdio.h>

static CmdExit finish(bool reboot, const HostSysroot *sysroot, const char *what, GError **error)
{
    if (sysroot->booted == NULL) {
        printf("%s\n", what);
        return CMD_EXIT_DONE;
    }
    printf("%s; %s\n", what, reboot ? "rebooting" : "reboot to use it");
    (void)fflush(stdout);
    if (reboot && !base_run_simple("rebooting", error, "systemctl", "reboot", NULL))
        return CMD_EXIT_FAILED;
    return CMD_EXIT_DONE;
}

CmdExit cmd_host_finish(const CmdArgs *args, const HostSysroot *sysroot, const char *what,
                        GError **error)
{
    return finish(cmd_args_flag(args, "reboot"), sysroot, what, error);
}

CmdExit cmd_host_finish_now(const HostSysroot *sysroot, const char *what, GError **error)
{
    return finish(true, sysroot, what, error);
}
