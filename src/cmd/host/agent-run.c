/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host agent run
 */
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "host/commit.h"
#include "update/agent.h"

const CmdOption cmd_host_agent_run_options[] = {
    {.name = "reboot-with",
     .metavar = "COMMAND",
     .help = "what reboots the host (default: systemctl reboot)"},
    CMD_HOST_OPTION_CONFIG,
    CMD_HOST_OPTION_AGENT_DIR,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

/* (transfer full) (nullable): what waits for the next boot, and is not what runs */
static HostCommit *find_staged(const char *path, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot = host_sysroot_open(path, HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return NULL;
    OstreeDeployment *next = host_sysroot_default(sysroot);
    if (sysroot->booted == NULL || next == NULL || !ostree_deployment_is_staged(next))
        return NULL;
    return host_commit_load(sysroot->repo, ostree_deployment_get_csum(next), error);
}

static char **child_args(const CmdArgs *args)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    const char *const *dirs = cmd_args_strings(args, "config");
    const char *agent_dir = cmd_args_string(args, "agent-dir");
    for (unsigned i = 0; dirs[i] != NULL; i++) {
        g_ptr_array_add(list, g_strdup("--config"));
        g_ptr_array_add(list, g_strdup(dirs[i]));
    }
    if (agent_dir != NULL) {
        g_ptr_array_add(list, g_strdup("--agent-dir"));
        g_ptr_array_add(list, g_strdup(agent_dir));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

CmdExit cmd_host_agent_run_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    const char *command = cmd_args_string(args, "reboot-with");
    g_auto(GStrv) reboot_argv = NULL;
    g_auto(GStrv) agent_args = child_args(args);
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    g_autoptr(GError) local = NULL;
    cmd_host_agent_init(&agent, args);
    cmd_host_agent_take_config(&agent, args);
    if (program == NULL || !g_shell_parse_argv(command != NULL ? command : "systemctl reboot", NULL,
                                               &reboot_argv, error))
        return CMD_EXIT_FAILED;
    g_autoptr(HostCommit) staged =
        find_staged(cmd_args_string(args, "sysroot"), cancellable, &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return CMD_EXIT_FAILED;
    }
    UpdateAgentOptions options = {
        .program = program,
        .sysroot = cmd_args_string(args, "sysroot"),
        .agent_args = (const char *const *)agent_args,
        .config_dirs = (const char *const *)agent.config_dirs,
        .state_dir = agent.state_dir,
        .run_dir = agent.run_dir,
        .reboot_argv = (const char *const *)reboot_argv,
    };
    bool ok = update_agent_run(&options, staged != NULL ? staged->checksum : NULL,
                               staged != NULL ? staged->version : NULL, cancellable, error);
    return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
