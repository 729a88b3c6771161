/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of each command that changes what boots next.
 */
#include "cmd/host/commands.h"

#include "base/run.h"
#include "cmd/error.h"

#include <stdio.h>

CmdExit cmd_host_finish(const CmdArgs *args, const HostSysroot *sysroot, const char *what,
                        GError **error)
{
    bool reboot = cmd_args_flag(args, "reboot");
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
