/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host config
 */
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "cmd/table.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

const CmdOption cmd_host_config_options[] = {
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_CONFIG,
    {0},
};

static void print_json(const UpdateConfig *config)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    for (unsigned i = 0; update_config_keys[i].name != NULL; i++) {
        g_autofree char *value = update_config_value(config, i);
        json_builder_set_member_name(builder, update_config_keys[i].name);
        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "value");
        json_builder_add_string_value(builder, value);
        json_builder_set_member_name(builder, "from");
        json_builder_add_string_value(builder, config->origins[i]);
        json_builder_end_object(builder);
    }
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static void print_table(const UpdateConfig *config)
{
    static const CmdColumn columns[] = {
        {.title = "KEY"}, {.title = "VALUE"}, {.title = "FROM"}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (unsigned i = 0; update_config_keys[i].name != NULL; i++) {
        g_autofree char *value = update_config_value(config, i);
        const char *cells[] = {update_config_keys[i].name, value, config->origins[i]};
        cmd_table_add(table, cells);
    }
    g_autofree char *text = cmd_table_print(table);
    printf("%s", text);
}

CmdExit cmd_host_config_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    (void)cancellable;
    cmd_host_agent_take_config(&agent, args);
    g_autoptr(UpdateConfig) config =
        update_config_load((const char *const *)agent.config_dirs, error);
    if (config == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json"))
        print_json(config);
    else
        print_table(config);
    return CMD_EXIT_DONE;
}
