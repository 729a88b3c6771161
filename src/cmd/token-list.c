/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll token list: who may publish events over HTTP.
 */
#include "cmd/commands.h"

#include "bus/token.h"
#include "cmd/bus/open.h"
#include "cmd/table.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

const CmdOption cmd_token_list_options[] = {
    CMD_BUS_OPTIONS,
    CMD_OPTION_JSON,
    {0},
};

static char *print_date(int64_t time_us)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    return when != NULL ? g_date_time_format(when, "%Y-%m-%d %H:%M") : g_strdup("?");
}

static void print_json(const GPtrArray *tokens)
{
    g_autoptr(JsonArray) array = json_array_new();
    for (unsigned i = 0; i < tokens->len; i++) {
        const BusToken *token = tokens->pdata[i];
        JsonObject *object = json_object_new();
        JsonArray *topics = json_array_new();
        for (unsigned k = 0; token->topics[k] != NULL; k++)
            json_array_add_string_element(topics, token->topics[k]);
        g_autofree char *added = bus_time_print(token->added_us);
        g_autofree char *expires =
            token->expires_us != 0 ? bus_time_print(token->expires_us) : NULL;
        json_object_set_string_member(object, "id", token->id);
        json_object_set_string_member(object, "actor", token->actor);
        json_object_set_array_member(object, "topics", topics);
        json_object_set_string_member(object, "added", added);
        json_object_set_string_member(object, "expires", expires);
        json_array_add_object_element(array, object);
    }
    g_autoptr(JsonNode) node = json_node_alloc();
    json_node_init_array(node, array);
    g_autofree char *text = json_to_string(node, TRUE);
    puts(text);
}

static void print_table(const GPtrArray *tokens)
{
    static const CmdColumn columns[] = {{.title = "ID"},    {.title = "ACTOR"}, {.title = "TOPICS"},
                                        {.title = "ADDED"}, {.title = "ENDS"},  {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (unsigned i = 0; i < tokens->len; i++) {
        const BusToken *token = tokens->pdata[i];
        g_autofree char *topics = g_strjoinv(" ", token->topics);
        g_autofree char *added = print_date(token->added_us);
        g_autofree char *ends =
            token->expires_us != 0 ? print_date(token->expires_us) : g_strdup("never");
        const char *const cells[] = {token->id, token->actor, topics, added, ends};
        cmd_table_add(table, cells);
    }
    g_autofree char *text = cmd_table_print(table);
    fputs(text, stdout);
}

CmdExit cmd_token_list_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_WRITE, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) tokens = bus_token_list(bus->log, error);
    if (tokens == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json"))
        print_json(tokens);
    else if (tokens->len > 0)
        print_table(tokens);
    return CMD_EXIT_DONE;
}
