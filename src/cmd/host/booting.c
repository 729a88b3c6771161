/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the commands of the boot's units share.
 */
#include "cmd/host/booting.h"

#include "base/fd.h"
#include "cmd/error.h"
#include "cmd/host/commands.h"
#include "host/trial.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOTD_DIR "/run/motd.d"
#define MOTD_NAME "50-atoll-host"
#define BROKEN_SUFFIX ".broken"

const CmdOption cmd_host_boot_options[] = {
    CMD_HOST_OPTION_AGENT_DIR,
    {0},
};

bool cmd_host_boot_open(CmdHostBoot *self, const CmdArgs *args, GCancellable *cancellable,
                        GError **error)
{
    cmd_host_agent_init(&self->agent, args);
    self->sysroot = host_sysroot_open(NULL, HOST_SYSROOT_WRITE, cancellable, error);
    if (self->sysroot == NULL)
        return false;
    if (self->sysroot->booted == NULL) {
        g_set_error_literal(error, CMD_ERROR, CMD_ERROR_FAILED,
                            "this machine does not run a deployment");
        return false;
    }
    host_boot_read(self->sysroot, &self->boot);
    self->running = host_commit_load(self->sysroot->repo,
                                     ostree_deployment_get_csum(self->sysroot->booted), error);
    return self->running != NULL;
}

void cmd_host_boot_clear(CmdHostBoot *self)
{
    g_clear_pointer(&self->sysroot, host_sysroot_free);
    g_clear_pointer(&self->running, host_commit_free);
    cmd_host_agent_clear(&self->agent);
}

void cmd_host_boot_say(const char *message_id, bool is_bad, const char *text)
{
    g_log_structured("atoll-host", is_bad ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                     message_id, "MESSAGE", "%s", text);
}

/* A ledger that cannot be read must not keep a host in a version that does not work: it is kept
 * under another name. */
static UpdateLedger *load_ledger(const char *dir, GError **error)
{
    g_autoptr(GError) local = NULL;
    UpdateLedger *ledger = update_ledger_load(dir, &local);
    if (ledger != NULL)
        return ledger;
    g_autofree char *path = g_build_filename(dir, UPDATE_LEDGER_NAME, NULL);
    g_autofree char *aside = g_strconcat(path, BROKEN_SUFFIX, NULL);
    g_warning("%s; it is ‘%s’ from now on", local->message, aside);
    (void)rename(path, aside); /* then the next line fails */
    return update_ledger_load(dir, error);
}

bool cmd_host_boot_block(const CmdHostBoot *self, const HostCommit *commit, const char *reason,
                         GError **error)
{
    g_autoptr(UpdateLedger) ledger = load_ledger(self->agent.state_dir, error);
    if (ledger == NULL)
        return false;
    update_ledger_block(ledger, commit->checksum, commit->version, reason,
                        g_get_real_time() / G_USEC_PER_SEC);
    return cmd_host_agent_save(&self->agent, ledger, error);
}

void cmd_host_boot_tell(const CmdHostBoot *self)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = host_trial_fallback(self->agent.state_dir, NULL);
    if (text == NULL) {
        (void)unlink(MOTD_DIR "/" MOTD_NAME);
        return;
    }
    g_autofree char *lines = g_strdup_printf("%s\n", text);
    base_autofd dir_fd = base_fd_make_dirs(AT_FDCWD, MOTD_DIR, 0755, &error)
                             ? base_fd_open_dir(AT_FDCWD, MOTD_DIR, &error)
                             : -1;
    if (dir_fd < 0 || !base_fd_replace_file(dir_fd, MOTD_NAME, lines, strlen(lines), 0644,
                                            BASE_FD_REPLACE_NO_SYNC, &error))
        g_warning("%s", error->message);
}
