/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host agent finalize: what ostree-finalize-staged.service does at shutdown, and what is left
 * of that when the power goes in between.
 */
#include "cmd/host/finalizing.h"

#include "base/fd.h"
#include "base/run.h"
#include "cmd/host/commands.h"
#include "host/etc-ledger.h"
#include "host/etc-take.h"
#include "host/finalize.h"
#include "host/history.h"
#include "host/staged.h"

#include <stdio.h>
#include <string.h>

#define STAMP_PATH "boot/ostree/finalize-failure.stamp"
#define STAMP_MAX_BYTES (64 * 1024)

/* (transfer none) (nullable): what the history has as staged last, and nothing came of yet */
static const HostHistoryRecord *find_staged(const GPtrArray *records)
{
    const HostHistoryRecord *staged = NULL;
    for (guint i = 0; i < records->len; i++) {
        const HostHistoryRecord *record = records->pdata[i];
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

/* (transfer full) (nullable): the sysroot, opened for writing, when it is done. What cannot be done
 * here libostree does, or says why it cannot be done at all. */
static HostSysroot *finalize(GCancellable *cancellable, GError **error)
{
    HostEtcMerge merge = {0};
    g_autoptr(GError) local = NULL;
    g_autoptr(HostSysroot) sysroot = host_finalize(&merge, cancellable, &local);
    if (sysroot != NULL) {
        printf("/etc keeps %u files that were changed or added here, and %u are removed again\n",
               merge.n_copied, merge.n_removed);
        return g_steal_pointer(&sysroot);
    }
    printf("libostree finalises it: %s\n", local->message);
    if (!base_run_simple("finalising", error, "ostree", "admin", "finalize-staged", NULL))
        return NULL;
    return host_sysroot_open(NULL, HOST_SYSROOT_WRITE, cancellable, error);
}

/* (transfer full): why libostree could not finalise: its own note, which is one line */
static char *read_reason(const HostSysroot *sysroot, const GError *failure)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(ostree_sysroot_get_fd(sysroot->ostree), STAMP_PATH,
                                                STAMP_MAX_BYTES, NULL);
    if (bytes == NULL || g_bytes_get_size(bytes) == 0)
        return g_strdup(failure->message);
    g_autofree char *text =
        g_utf8_make_valid(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));
    return g_strdup(g_strstrip(text));
}

static void note_failure(const GError *failure)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HostSysroot) sysroot = host_sysroot_open(NULL, HOST_SYSROOT_READ, NULL, &error);
    if (sysroot == NULL) {
        g_warning("the history lacks that finalising failed: %s", error->message);
        return;
    }
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(GPtrArray) records = host_history_load(state_dir, 0);
    const HostHistoryRecord *staged = find_staged(records);
    g_autofree char *reason = read_reason(sysroot, failure);
    if (staged != NULL)
        host_history_note(state_dir, HOST_HISTORY_FINALIZE_FAILED, staged->commit, staged->version,
                          reason);
}

CmdExit cmd_host_agent_finalize_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    (void)args;
    HostStagedState state = host_staged_look();
    if (state != HOST_STAGED_READY) {
        printf(state == HOST_STAGED_NONE ? "nothing is staged\n"
                                         : "what is staged is locked, and waits\n");
        return CMD_EXIT_DONE; /* a unit that stops has not failed by that */
    }
    g_autoptr(GError) local = NULL;
    g_autoptr(HostSysroot) sysroot = finalize(cancellable, &local);
    if (sysroot == NULL) {
        note_failure(local);
        g_propagate_error(error, g_steal_pointer(&local));
        return CMD_EXIT_FAILED;
    }
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(GPtrArray) records = host_history_load(state_dir, 0);
    const HostHistoryRecord *staged = find_staged(records);
    /* it may have been staged by another program */
    if (staged == NULL || !is_finalized(sysroot, staged))
        return CMD_EXIT_DONE;
    return finish(sysroot, state_dir, staged, error) ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}

/* When the new one runs, its /etc is in use, and stays. */
bool cmd_host_finalize_late(const char *path, const HostSysroot *sysroot, const char *state_dir,
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
