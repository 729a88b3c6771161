/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus grant: which key may sign, and which actor may publish, which topics.
 */
#include "cmd/commands.h"

#include "bus/keys.h"
#include "cmd/bus/open.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS "list, add SUBJECT TOPICS, or remove SUBJECT TOPICS"

const CmdOption cmd_bus_grant_options[] = {
    CMD_BUS_OPTION_ACTOR, CMD_BUS_OPTIONS, CMD_OPTION_JSON, {0}};

static bool list_grants(const CmdArgs *args, CmdBus *bus, GError **error)
{
    g_autoptr(BusPolicy) policy = bus_keys_policy(bus->log, error);
    if (policy == NULL)
        return false;
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *array = json_array_new();
    json_object_set_array_member(root, "grants", array);
    for (guint i = 0; i < policy->grants->len; i++) {
        const BusGrant *grant = policy->grants->pdata[i];
        JsonObject *object = json_object_new();
        json_object_set_string_member(object, "subject", grant->subject);
        json_object_set_string_member(object, "topics", grant->topics);
        json_array_add_object_element(array, object);
        if (!cmd_args_flag(args, "json"))
            printf("%s %s\n", grant->subject, grant->topics);
    }
    if (cmd_args_flag(args, "json"))
        cmd_bus_print_json(root);
    return true;
}

CmdExit cmd_bus_grant_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *words = cmd_args_operands(args);
    guint n = g_strv_length((char **)words);
    g_autofree char *actor = cmd_bus_actor(args);
    bool list = n == 1 && strcmp(words[0], "list") == 0;
    bool ok = false;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, list ? CMD_BUS_READ : CMD_BUS_WRITE, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    if (list)
        ok = list_grants(args, bus, error);
    else if (n == 3 && strcmp(words[0], "add") == 0)
        ok = bus_keys_grant(bus->log, words[1], words[2], actor, error);
    else if (n == 3 && strcmp(words[0], "remove") == 0)
        ok = bus_keys_ungrant(bus->log, words[1], words[2], actor, error);
    else
        return cmd_bus_wrong_action("grant", ACTIONS, error);
    return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
