/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host agent ask and agent steady: the strategy's two questions.
 */
#include "cmd/host/agent.h"
#include "base/fd.h"
#include "cmd/host/commands.h"
#include "update/agent.h"
#include "update/strategy.h"
#include "update/users.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

const CmdOption cmd_host_agent_ask_options[] = {
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_CONFIG,
    CMD_HOST_OPTION_AGENT_DIR,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

const CmdOption cmd_host_agent_steady_options[] = {
    CMD_HOST_OPTION_CONFIG,
    CMD_HOST_OPTION_AGENT_DIR,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

/* A configuration that can never work is a fault, not a reason to wait. */
static const UpdateStrategy *find_strategy(const UpdateConfig *config, GError **error)
{
    const UpdateStrategy *strategy = update_strategy_find(config->strategy);
    g_autofree char *lacks = strategy->check != NULL ? strategy->check(config) : NULL;
    if (lacks == NULL)
        return strategy;
    g_set_error_literal(error, UPDATE_ERROR, UPDATE_ERROR_INVALID, lacks);
    return NULL;
}

static void print_verdict(const UpdateVerdict *verdict, bool json)
{
    unsigned n_users = update_users_count();
    if (!json) {
        printf("%s\n", verdict->may ? "the host may reboot now" : verdict->reason);
        return;
    }
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "may");
    json_builder_add_boolean_value(builder, verdict->may);
    if (verdict->reason != NULL) {
        json_builder_set_member_name(builder, "reason");
        json_builder_add_string_value(builder, verdict->reason);
    }
    json_builder_set_member_name(builder, "again");
    json_builder_add_int_value(builder, verdict->again_s);
    json_builder_set_member_name(builder, "users");
    json_builder_add_int_value(builder, n_users);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, FALSE);
    printf("%s\n", text);
}

CmdExit cmd_host_agent_ask_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    g_auto(UpdateVerdict) verdict = {0};
    bool json = cmd_args_flag(args, "json");
    cmd_host_agent_init(&agent, args);
    cmd_host_agent_take_config(&agent, args);
    g_autoptr(UpdateConfig) config =
        update_config_load((const char *const *)agent.config_dirs, error);
    const UpdateStrategy *strategy = config != NULL ? find_strategy(config, error) : NULL;
    g_autofree char *node_id = strategy != NULL ? cmd_host_agent_node_id(config, error) : NULL;
    if (node_id == NULL)
        return CMD_EXIT_FAILED;
    int64_t now_s = g_get_real_time() / G_USEC_PER_SEC;
    if (!strategy->may_reboot(config, node_id, now_s, &verdict, cancellable, error))
        return CMD_EXIT_FAILED;
    print_verdict(&verdict, json);
    return verdict.may || json ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}

CmdExit cmd_host_agent_steady_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    cmd_host_agent_init(&agent, args);
    cmd_host_agent_take_config(&agent, args);
    g_autoptr(UpdateConfig) config =
        update_config_load((const char *const *)agent.config_dirs, error);
    const UpdateStrategy *strategy = config != NULL ? find_strategy(config, error) : NULL;
    if (strategy == NULL)
        return CMD_EXIT_FAILED;
    if (strategy->steady == NULL)
        return CMD_EXIT_DONE;
    /* once a boot is enough, and what is in /run lasts as long */
    g_autofree char *path = g_build_filename(agent.run_dir, UPDATE_AGENT_STEADY_NAME, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return CMD_EXIT_DONE;
    g_autofree char *node_id = cmd_host_agent_node_id(config, error);
    if (node_id == NULL || !strategy->steady(config, node_id, cancellable, error) ||
        !base_fd_replace_file(AT_FDCWD, path, "", 0, 0644, BASE_FD_REPLACE_NO_SYNC, error))
        return CMD_EXIT_FAILED;
    return CMD_EXIT_DONE;
}
