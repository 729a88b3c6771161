/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host agent booted, agent down and agent finalized: what units tell the history.
 */
#include "cmd/host/commands.h"

#include "base/fd.h"
#include "host/commit.h"
#include "host/etc-ledger.h"
#include "host/etc-take.h"
#include "host/history.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define STAMP_PATH "boot/ostree/finalize-failure.stamp"
#define STAMP_MAX_BYTES (64 * 1024)

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

/* (transfer full): why libostree could not finalise, by its own note or by what systemd says */
static char *read_failure(const HostSysroot *sysroot)
{
    const char *result = g_getenv("SERVICE_RESULT");
    const char *status = g_getenv("EXIT_STATUS");
    g_autoptr(GBytes) bytes = base_fd_read_file(ostree_sysroot_get_fd(sysroot->ostree), STAMP_PATH,
                                                STAMP_MAX_BYTES, NULL);
    if (bytes != NULL && g_bytes_get_size(bytes) > 0) {
        g_autofree char *text =
            g_utf8_make_valid(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));
        return g_strdup(g_strstrip(text));
    }
    return g_strdup_printf("ostree-finalize-staged.service: %s%s%s",
                           result != NULL ? result : "failed", status != NULL ? ", status " : "",
                           status != NULL ? status : "");
}

/* (transfer full) (nullable): what the history has as staged last, and nothing came of yet */
static HostHistoryRecord *find_staged(GPtrArray *records)
{
    HostHistoryRecord *staged = NULL;
    for (guint i = 0; i < records->len; i++) {
        HostHistoryRecord *record = records->pdata[i];
        if (record->event == HOST_HISTORY_STAGED)
            staged = record;
        else if (record->event == HOST_HISTORY_DROPPED || record->event == HOST_HISTORY_FINALIZED ||
                 record->event == HOST_HISTORY_ROLLED_BACK)
            staged = NULL;
    }
    return staged;
}

static bool is_finalized(const HostSysroot *sysroot, const HostHistoryRecord *staged)
{
    OstreeDeployment *next = host_sysroot_default(sysroot);
    return strcmp(ostree_deployment_get_csum(next), staged->commit) == 0 &&
           !ostree_deployment_is_staged(next);
}

/* @sysroot: opened for writing. Noted last: what a cut leaves without a note is done again. */
static bool finish(const HostSysroot *sysroot, const char *state_dir,
                   const HostHistoryRecord *staged, GError **error)
{
    unsigned n = 0;
    if (!host_etc_take(sysroot, host_sysroot_default(sysroot), state_dir, &n, error))
        return false;
    if (n > 0)
        printf("%u files in /etc gave way to new defaults; they are in ‘%s/" HOST_ETC_SAVED_NAME
               "’\n",
               n, state_dir);
    return host_history_append(state_dir, HOST_HISTORY_FINALIZED, staged->commit, staged->version,
                               NULL, error);
}

/* Runs after every end of ostree-finalize-staged.service, also when nothing was staged. */
CmdExit cmd_host_agent_finalized_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *result = g_getenv("SERVICE_RESULT");
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_WRITE, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(GPtrArray) records = host_history_load(state_dir, 0);
    const HostHistoryRecord *staged = find_staged(records);
    if (staged == NULL)
        return CMD_EXIT_NOTHING_TO_DO;
    bool is_done = is_finalized(sysroot, staged);
    if (result != NULL && strcmp(result, "success") == 0 && !is_done)
        return CMD_EXIT_NOTHING_TO_DO; /* stopped by hand, with nothing to finalise */
    if (!is_done) {
        g_autofree char *text = read_failure(sysroot);
        return host_history_append(state_dir, HOST_HISTORY_FINALIZE_FAILED, staged->commit,
                                   staged->version, text, error)
                   ? CMD_EXIT_DONE
                   : CMD_EXIT_FAILED;
    }
    return finish(sysroot, state_dir, staged, error) ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}

/* The power can go between libostree's change of what boots and what comes after it, and GRUB,
 * which does not replay the journal, then starts the old version once more: the rest is done now.
 * When the new one runs, its /etc is in use, and stays. */
static bool finish_late(const char *path, const HostSysroot *sysroot, const char *state_dir,
                        GCancellable *cancellable, GError **error)
{
    g_autoptr(GPtrArray) records = host_history_load(state_dir, 0);
    const HostHistoryRecord *staged = find_staged(records);
    if (staged == NULL || sysroot->booted == NULL || !is_finalized(sysroot, staged))
        return true;
    if (ostree_deployment_equal(sysroot->booted, host_sysroot_default(sysroot)))
        return host_history_append(state_dir, HOST_HISTORY_FINALIZED, staged->commit,
                                   staged->version, NULL, error);
    g_autoptr(HostSysroot) writable =
        host_sysroot_open(path, HOST_SYSROOT_WRITE, cancellable, error);
    return writable != NULL && finish(writable, state_dir, staged, error);
}

CmdExit cmd_host_agent_booted_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(GError) local = NULL;
    if (!finish_late(cmd_args_string(args, "sysroot"), sysroot, state_dir, cancellable, &local))
        g_warning("what a shutdown left undone: %s", local->message);
    return host_history_note_boot(sysroot, state_dir) ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}
