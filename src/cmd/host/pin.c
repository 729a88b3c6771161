/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host pin and unpin
 */
#include "cmd/host/commands.h"

#include "host/commit.h"

#include <stdio.h>

const CmdOption cmd_host_pin_options[] = {
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

/* (transfer none) (nullable): the deployment that was named, else the one that runs */
static OstreeDeployment *find(const HostSysroot *sysroot, const CmdArgs *args, GError **error)
{
    const char *name = cmd_args_operands(args)[0];
    return name != NULL ? host_sysroot_find(sysroot, name, error) : sysroot->merge;
}

static CmdExit set(const CmdArgs *args, gboolean is_pinned, GCancellable *cancellable,
                   GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_WRITE, cancellable, error);
    OstreeDeployment *deployment = sysroot != NULL ? find(sysroot, args, error) : NULL;
    if (deployment == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(HostCommit) commit =
        host_commit_load(sysroot->repo, ostree_deployment_get_csum(deployment), error);
    if (commit == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *label = host_commit_label(commit);
    if (ostree_deployment_is_pinned(deployment) == is_pinned) {
        printf("nothing to do: %s is %s\n", label, is_pinned ? "pinned already" : "not pinned");
        return CMD_EXIT_NOTHING_TO_DO;
    }
    if (ostree_deployment_is_staged(deployment)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s is only staged: it can be pinned once the host has been restarted", label);
        return CMD_EXIT_FAILED;
    }
    if (!ostree_sysroot_deployment_set_pinned(sysroot->ostree, deployment, is_pinned, error))
        return CMD_EXIT_FAILED;
    printf(is_pinned ? "%s is pinned: no upgrade and no cleanup removes it\n"
                     : "%s is not pinned any more\n",
           label);
    return CMD_EXIT_DONE;
}

CmdExit cmd_host_pin_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    return set(args, TRUE, cancellable, error);
}

CmdExit cmd_host_unpin_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    return set(args, FALSE, cancellable, error);
}
