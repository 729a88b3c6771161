/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host boot start: early at each boot. The boot loader can only start another version;
 * here that becomes the host's own decision.
 */
#include "cmd/host/booting.h"
#include "cmd/host/commands.h"

#include "host/messages.h"
#include "host/trial.h"

#include <stdio.h>
#include <string.h>

static char *print_date(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    return g_date_time_format(now, "%Y-%m-%d %H:%M UTC");
}

static char *describe(const CmdHostBoot *self, const HostCommit *bad, const char *reason)
{
    g_autofree char *date = print_date();
    g_autofree char *bad_label = host_commit_label(bad);
    g_autofree char *good_label = host_commit_label(self->running);
    const char *name = bad->version != NULL ? bad->version : bad->checksum;
    return g_strdup_printf(
        "Version %s did not start properly in %u tries (%s): %s.\n"
        "This host went back to version %s and does not take that one again; a newer one\n"
        "is taken as usual. ‘journalctl --list-boots’ has the tries, ‘atoll-host unblock %s’\n"
        "allows it once more.",
        bad_label, BOOT_COUNTER_TRIES, date, reason, good_label, name);
}

static bool go_back(CmdHostBoot *self, GCancellable *cancellable, GError **error)
{
    const char *state_dir = self->agent.state_dir;
    OstreeDeployment *first = host_boot_first(self->sysroot);
    g_autoptr(HostCommit) bad =
        host_commit_load(self->sysroot->repo, ostree_deployment_get_csum(first), error);
    if (bad == NULL)
        return false;
    g_autofree char *said = host_trial_reason(state_dir, bad->checksum);
    const char *reason =
        said != NULL ? said
                     : "it did not get as far as the outcome of its health checks (its kernel, "
                       "initramfs, init or atoll-host failed or hung)";
    g_autofree char *text = describe(self, bad, reason);
    /* In this order: should the power go in between, the same happens again. */
    if (!cmd_host_boot_block(self, bad, reason, error) ||
        !host_trial_tell_fallback(state_dir, self->running->checksum, text, error) ||
        !host_boot_give_up(self->sysroot, cancellable, error))
        return false;
    host_trial_end(state_dir);
    cmd_host_boot_say(HOST_MESSAGE_FELL_BACK, true, text);
    printf("%s\n", text);
    return true;
}

/* What runs is not on trial. Whether there is a trial at all: when its deployment was not finished
 * at shutdown, there is none any more. When that is the default, it was somebody's choice in the
 * boot menu to start this one, or a power cut right after the change of what boots: then the boot
 * loader does not see it until the file system's journal is replayed, which happens later. It has
 * its trial at the next start. */
static bool skip_trial(const CmdHostBoot *self, GError **error)
{
    const char *state_dir = self->agent.state_dir;
    const char *first = ostree_deployment_get_csum(host_boot_first(self->sysroot));
    g_autofree char *trial = host_trial_load(state_dir);
    if (trial == NULL)
        return true;
    if (self->boot.is_good || self->boot.is_default || strcmp(trial, first) != 0) {
        host_trial_end(state_dir);
        return true;
    }
    return host_trial_later(HOST_TRIAL_LATER, error);
}

CmdExit cmd_host_boot_start_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostBoot) self = {0};
    if (!cmd_host_boot_open(&self, args, cancellable, error))
        return CMD_EXIT_FAILED;
    if (host_boot_fell_back(&self.boot)) {
        if (!go_back(&self, cancellable, error)) {
            g_prefix_error(error, "going back to the version that runs: ");
            return CMD_EXIT_FAILED;
        }
        cmd_host_boot_tell(&self);
        return CMD_EXIT_DONE;
    }
    if (!host_boot_on_trial(&self.boot) && !skip_trial(&self, error))
        return CMD_EXIT_FAILED;
    cmd_host_boot_tell(&self);
    g_autofree char *text = host_boot_print(&self.boot);
    printf("this version is %s\n", text);
    return CMD_EXIT_DONE;
}
