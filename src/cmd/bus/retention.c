/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus retention: how long bodies are kept.
 */
#include "cmd/commands.h"

#include "bus/retention.h"
#include "cmd/bus/open.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS "list, set TOPICS DAYS, or run"

const CmdOption cmd_bus_retention_options[] = {
    CMD_BUS_OPTION_ACTOR, CMD_BUS_OPTIONS, CMD_OPTION_JSON, {0}};

static bool list_rules(const CmdArgs *args, CmdBus *bus, GError **error)
{
    g_autoptr(GPtrArray) rules = bus_retention_list(bus->log, error);
    if (rules == NULL)
        return false;
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *array = json_array_new();
    json_object_set_array_member(root, "retention", array);
    for (guint i = 0; i < rules->len; i++) {
        const BusRetention *rule = rules->pdata[i];
        JsonObject *object = json_object_new();
        json_object_set_string_member(object, "topics", rule->topics);
        json_object_set_int_member(object, "days", (gint64)rule->days);
        json_array_add_object_element(array, object);
        if (!cmd_args_flag(args, "json"))
            printf("%s %" G_GUINT64_FORMAT "\n", rule->topics, rule->days);
    }
    if (cmd_args_flag(args, "json"))
        cmd_bus_print_json(root);
    return true;
}

CmdExit cmd_bus_retention_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *words = cmd_args_operands(args);
    guint n = g_strv_length((char **)words);
    g_autofree char *actor = cmd_bus_actor(args);
    bool list = n == 1 && strcmp(words[0], "list") == 0;
    uint64_t number = 0;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, list ? CMD_BUS_READ : CMD_BUS_WRITE, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    if (list)
        return list_rules(args, bus, error) ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
    if (n == 3 && strcmp(words[0], "set") == 0) {
        bool ok = cmd_bus_read_number("DAYS", words[2], &number, error) &&
                  bus_retention_set(bus->log, words[1], number, actor, error);
        return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
    }
    if (n != 1 || strcmp(words[0], "run") != 0)
        return cmd_bus_wrong_action("retention", ACTIONS, error);
    if (!bus_retention_run(bus->log, actor, cancellable, &number, error))
        return CMD_EXIT_FAILED;
    printf("%" G_GUINT64_FORMAT " bodies gone\n", number);
    return number > 0 ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}
