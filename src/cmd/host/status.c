/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host status
 */
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "cmd/host/status-agent.h"
#include "cmd/host/status-boot.h"

#include "host/status.h"

#include <stdio.h>

const CmdOption cmd_host_status_options[] = {
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_AGENT_DIR,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static void print_json(const HostSysroot *sysroot, const GPtrArray *list, JsonObject *agent,
                       const char *state_dir, int64_t now_s)
{
    g_autofree char *text = host_status_print_json(sysroot, list, now_s);
    g_autoptr(JsonNode) root = json_from_string(text, NULL);
    if (agent != NULL)
        json_object_set_object_member(json_node_get_object(root), "agent", json_object_ref(agent));
    if (sysroot->booted != NULL)
        cmd_host_status_boot_json(json_node_get_object(root), sysroot, state_dir);
    g_autofree char *all = json_to_string(root, TRUE);
    printf("%s\n", all);
}

static void print_text(const GPtrArray *list, JsonObject *agent, int64_t now_s)
{
    g_autofree char *text = host_status_print_text(list, now_s);
    printf("%s", text);
    if (agent == NULL)
        return;
    g_autofree char *lines = cmd_host_status_agent_print(agent, now_s);
    printf("\n%s", lines);
}

CmdExit cmd_host_status_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) where = {0};
    cmd_host_agent_init(&where, args);
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    g_autoptr(GPtrArray) list = sysroot != NULL ? host_status_list(sysroot, error) : NULL;
    if (list == NULL)
        return CMD_EXIT_FAILED;
    /* the agent of the running host has nothing to do with another sysroot */
    bool has_agent = sysroot->booted != NULL || cmd_args_string(args, "agent-dir") != NULL;
    g_autoptr(JsonObject) agent = has_agent ? cmd_host_status_agent_load(where.run_dir) : NULL;
    int64_t now_s = g_get_real_time() / G_USEC_PER_SEC;
    if (cmd_args_flag(args, "json"))
        print_json(sysroot, list, agent, where.state_dir, now_s);
    else
        print_text(list, agent, now_s);
    if (sysroot->booted != NULL && !cmd_args_flag(args, "json")) {
        g_autofree char *text = cmd_host_status_boot_print(sysroot, where.state_dir);
        printf("\n%s", text);
    }
    return CMD_EXIT_DONE;
}
