/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host cleanup
 */
#include "cmd/host/commands.h"

#include "host/commit.h"
#include "host/deploy.h"
#include "host/error.h"
#include "host/history.h"
#include "host/trial.h"

#include <stdio.h>
#include <sys/statvfs.h>

const CmdOption cmd_host_cleanup_options[] = {
    {.name = "rollback", .help = "also remove what ‘rollback’ would take, and older ones"},
    {.name = "staged", .help = "also drop the staged update"},
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static uint64_t free_bytes(const HostSysroot *sysroot)
{
    struct statvfs status;
    return fstatvfs(ostree_repo_get_dfd(sysroot->repo), &status) == 0
               ? (uint64_t)status.f_bavail * status.f_frsize
               : 0;
}

static void tell_removed(const HostSysroot *sysroot, OstreeDeployment *deployment)
{
    const char *checksum = ostree_deployment_get_csum(deployment);
    if (!ostree_deployment_is_staged(deployment)) {
        printf("removed %.12s…\n", checksum);
        return;
    }
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    host_history_note(state_dir, HOST_HISTORY_DROPPED, checksum, NULL, "cleanup --staged");
    printf("dropped %.12s…, which was staged\n", checksum);
}

CmdExit cmd_host_cleanup_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    HostCleanupFlags flags = HOST_CLEANUP_DEFAULT;
    if (cmd_args_flag(args, "rollback"))
        flags |= HOST_CLEANUP_ROLLBACK;
    if (cmd_args_flag(args, "staged"))
        flags |= HOST_CLEANUP_STAGED;
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_WRITE, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *on_trial = host_trial_load(HOST_TRIAL_DIR);
    if (sysroot->booted != NULL && on_trial != NULL && (flags & HOST_CLEANUP_ROLLBACK) != 0) {
        host_error_set(
            error, HOST_ERROR_FAILED,
            "%.12s… has not been found good yet: the version before is the way back, and "
            "stays until then",
            on_trial);
        return CMD_EXIT_FAILED;
    }
    g_autoptr(GPtrArray) removed = NULL;
    uint64_t before = free_bytes(sysroot);
    if (!host_deploy_cleanup(sysroot, flags, &removed, cancellable, error))
        return CMD_EXIT_FAILED;
    for (guint i = 0; i < removed->len; i++)
        tell_removed(sysroot, removed->pdata[i]);
    uint64_t after = free_bytes(sysroot);
    g_autofree char *freed = g_format_size(after > before ? after - before : 0);
    printf("%s freed\n", freed);
    return CMD_EXIT_DONE;
}
