/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of atoll-host's commands. A new command is one file beside this one, one line
 * in ../meson.build, its extern in commands.h, its row here.
 */
#include "cmd/host/commands.h"

#define CHANGES_THE_HOST (CMD_FLAG_ROOT | CMD_FLAG_USERNS)

const CmdCommand atoll_host_commands[] = {
    {
        .name = "status",
        .summary = "Show what is deployed, running and next",
        .options = cmd_host_status_options,
        .run = cmd_host_status_run,
    },
    {
        .name = "upgrade",
        .summary = "Fetch, verify and stage the newest version",
        .options = cmd_host_upgrade_options,
        .flags = CHANGES_THE_HOST,
        .run = cmd_host_upgrade_run,
    },
    {
        .name = "rollback",
        .summary = "Make the previous deployment the default",
        .options = cmd_host_rollback_options,
        .flags = CHANGES_THE_HOST,
        .run = cmd_host_rollback_run,
    },
    {
        .name = "deploy",
        .summary = "Fetch, verify and stage one version or commit",
        .operands = "REVISION",
        .options = cmd_host_deploy_options,
        .flags = CHANGES_THE_HOST,
        .run = cmd_host_deploy_run,
    },
    {
        .name = "kargs",
        .summary = "Show or change the kernel arguments",
        .options = cmd_host_kargs_options,
        .flags = CHANGES_THE_HOST,
        .run = cmd_host_kargs_run,
    },
    {0},
};
