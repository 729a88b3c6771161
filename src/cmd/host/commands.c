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
    {
        .name = "agent run",
        .summary = "Keep this host up to date: the service that decides",
        .options = cmd_host_agent_run_options,
        .flags = CMD_FLAG_ROOT,
        .run = cmd_host_agent_run_run,
    },
    {
        .name = "agent check",
        .summary = "Ask the update graph what is next for this host",
        .options = cmd_host_agent_check_options,
        .run = cmd_host_agent_check_run,
    },
    {
        .name = "agent ask",
        .summary = "Ask the strategy whether this host may reboot now",
        .options = cmd_host_agent_ask_options,
        .run = cmd_host_agent_ask_run,
    },
    {
        .name = "agent steady",
        .summary = "Tell the strategy that this host is up",
        .options = cmd_host_agent_steady_options,
        .flags = CMD_FLAG_ROOT,
        .run = cmd_host_agent_steady_run,
    },
    {
        .name = "health",
        .summary = "Check whether this host is healthy",
        .options = cmd_host_health_options,
        .run = cmd_host_health_run,
    },
    {
        .name = "boot start",
        .summary = "Go back for good when a version was given up; at boot",
        .options = cmd_host_boot_options,
        .flags = CHANGES_THE_HOST,
        .run = cmd_host_boot_start_run,
    },
    {
        .name = "boot bless",
        .summary = "Mark the version that runs as good; at boot",
        .options = cmd_host_boot_options,
        .flags = CHANGES_THE_HOST,
        .run = cmd_host_boot_bless_run,
    },
    {
        .name = "boot fail",
        .summary = "Note why a try of a new version failed; at boot",
        .options = cmd_host_boot_options,
        .flags = CHANGES_THE_HOST,
        .run = cmd_host_boot_fail_run,
    },
    {
        .name = "check-now",
        .summary = "Let the agent look for updates now",
        .options = cmd_host_request_options,
        .run = cmd_host_check_now_run,
    },
    {
        .name = "config",
        .summary = "Show the agent's configuration and where it comes from",
        .options = cmd_host_config_options,
        .run = cmd_host_config_run,
    },
    {
        .name = "hold",
        .summary = "Stage nothing and do not reboot, until resumed",
        .options = cmd_host_hold_options,
        .flags = CMD_FLAG_ROOT,
        .run = cmd_host_hold_run,
    },
    {
        .name = "reboot-now",
        .summary = "Let the agent reboot into the staged update now",
        .options = cmd_host_request_options,
        .run = cmd_host_reboot_now_run,
    },
    {
        .name = "resume",
        .summary = "End a hold",
        .options = cmd_host_request_options,
        .flags = CMD_FLAG_ROOT,
        .run = cmd_host_resume_run,
    },
    {
        .name = "unblock",
        .summary = "Let a version that failed here be tried again",
        .operands = "VERSION",
        .options = cmd_host_request_options,
        .flags = CMD_FLAG_ROOT,
        .run = cmd_host_unblock_run,
    },
    {0},
};
