/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host boot fail: a version on trial did not get as far as to be found good. The unit that
 * runs this reboots afterwards, whatever comes of it.
 */
#include "cmd/host/booting.h"
#include "cmd/host/commands.h"

#include "host/health.h"
#include "host/messages.h"
#include "host/trial.h"

#include <stdio.h>

static char *find_reason(void)
{
    g_autoptr(HostHealth) health = host_health_load(HOST_HEALTH_FILE);
    char *reason = health != NULL ? host_health_first(health) : NULL;
    return reason != NULL ? reason
                          : g_strdup("its start did not come to an end in time, or one of its own "
                                     "boot checks (boot-complete.target) failed");
}

CmdExit cmd_host_boot_fail_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostBoot) self = {0};
    if (!cmd_host_boot_open(&self, args, cancellable, error))
        return CMD_EXIT_FAILED;
    g_autofree char *label = host_commit_label(self.running);
    g_autofree char *reason = find_reason();
    g_autofree char *state = host_boot_print(&self.boot);
    g_autofree char *text =
        g_strdup_printf("Version %s is no good: %s. It is %s; rebooting.", label, reason, state);
    cmd_host_boot_say(HOST_MESSAGE_TRY_FAILED, true, text);
    printf("%s\n", text);
    if (!host_trial_fail(self.agent.state_dir, self.running->checksum, reason, error))
        return CMD_EXIT_FAILED;
    /* Nobody counts but this program: then once has to be enough. */
    if (host_boot_uncounted(&self.boot) &&
        (!cmd_host_boot_block(&self, self.running, reason, error) ||
         !host_boot_give_up(self.sysroot, cancellable, error)))
        return CMD_EXIT_FAILED;
    return CMD_EXIT_DONE;
}
