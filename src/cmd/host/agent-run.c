/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host agent run
 */
#include "base/error.h"
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "host/commit.h"
#include "update/agent.h"

#include <errno.h>
#include <unistd.h>

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

static void add(GPtrArray *argv, const char *option, const char *value)
{
    if (value == NULL)
        return;
    g_ptr_array_add(argv, g_strdup(option));
    g_ptr_array_add(argv, g_strdup(value));
}

static void add_number(GPtrArray *argv, const char *option, uint64_t value)
{
    g_ptr_array_add(argv, g_strdup(option));
    g_ptr_array_add(argv, g_strdup_printf("%" G_GUINT64_FORMAT, value));
}

/* The agent's own program lies beside this one where it was built, else where it is installed. */
static char *agent_program(const char *program)
{
    g_autofree char *dir = g_path_get_dirname(program);
    g_autofree char *beside = g_build_filename(dir, "atoll-host-agent", NULL);
    return g_strdup(access(beside, X_OK) == 0 ? beside : ATOLL_LIBEXECDIR "/atoll-host-agent");
}

static void add_agent_args(GPtrArray *argv, const CmdArgs *args)
{
    const char *const *dirs = cmd_args_strings(args, "config");
    for (unsigned i = 0; dirs[i] != NULL; i++) {
        add(argv, "--agent-arg", "--config");
        add(argv, "--agent-arg", dirs[i]);
    }
    if (cmd_args_string(args, "agent-dir") == NULL)
        return;
    add(argv, "--agent-arg", "--agent-dir");
    add(argv, "--agent-arg", cmd_args_string(args, "agent-dir"));
}

static bool add_reboot(GPtrArray *argv, const char *command, GError **error)
{
    g_auto(GStrv) words = NULL;
    if (!g_shell_parse_argv(command != NULL ? command : "systemctl reboot", NULL, &words, error))
        return false;
    for (unsigned i = 0; words[i] != NULL; i++)
        add(argv, "--reboot-arg", words[i]);
    return true;
}

static bool add_staged(GPtrArray *argv, const CmdArgs *args, GCancellable *cancellable,
                       GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(HostCommit) staged =
        find_staged(cmd_args_string(args, "sysroot"), cancellable, &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (staged != NULL) {
        add(argv, "--staged", staged->checksum);
        add(argv, "--staged-version", staged->version);
    }
    return true;
}

CmdExit cmd_host_agent_run_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    cmd_host_agent_init(&agent, args);
    cmd_host_agent_take_config(&agent, args);
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    g_autoptr(UpdateConfig) config =
        program != NULL ? update_config_load((const char *const *)agent.config_dirs, error) : NULL;
    if (config == NULL)
        return CMD_EXIT_FAILED;
    g_ptr_array_add(argv, agent_program(program));
    add(argv, "--program", program);
    add(argv, "--sysroot", cmd_args_string(args, "sysroot"));
    add(argv, "--state-dir", agent.state_dir);
    add(argv, "--run-dir", agent.run_dir);
    add(argv, "--stream", config->stream);
    add(argv, "--strategy", config->strategy);
    add_number(argv, "--interval", config->interval_s);
    add_number(argv, "--users-delay", config->users_delay_s);
    add_number(argv, "--stage-tries", config->stage_tries);
    add_agent_args(argv, args);
    if (!add_reboot(argv, cmd_args_string(args, "reboot-with"), error) ||
        !add_staged(argv, args, cancellable, error))
        return CMD_EXIT_FAILED;
    g_ptr_array_add(argv, NULL);
    (void)execv(argv->pdata[0], (char **)argv->pdata);
    base_error_set_errno(error, errno, "starting ‘%s’", (char *)argv->pdata[0]);
    return CMD_EXIT_FAILED;
}
