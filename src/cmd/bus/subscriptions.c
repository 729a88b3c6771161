/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus subscriptions: named readers, how far behind they are, and what they could not take.
 */
#include "cmd/commands.h"

#include "bus/subscription.h"
#include "cmd/bus/open.h"
#include "cmd/table.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS                                                                                    \
    "nothing (to list), add NAME, remove NAME, parked NAME, park NAME NUMBER or unpark NAME "      \
    "NUMBER"

const CmdOption cmd_bus_subscriptions_options[] = {
    {.name = "topic",
     .metavar = "GLOB",
     .help = "with add: the topics; may be given more than once (default: all)",
     .repeatable = true},
    {.name = "since", .metavar = "N", .help = "with add: begin after number N (default: 0)"},
    {.name = "lag-alarm",
     .metavar = "N",
     .help = "with add: publish an alarm when it is more than N events behind"},
    CMD_BUS_OPTIONS,
    CMD_OPTION_JSON,
    {0},
};

static void print_list_json(const GPtrArray *list)
{
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *array = json_array_new();
    for (guint i = 0; i < list->len; i++) {
        const BusSubscription *s = list->pdata[i];
        g_autofree char *seen = bus_time_print(s->seen_us);
        JsonObject *object = json_object_new();
        JsonArray *topics = json_array_new();
        for (unsigned t = 0; s->topics[t] != NULL; t++)
            json_array_add_string_element(topics, s->topics[t]);
        json_object_set_string_member(object, "name", s->name);
        json_object_set_array_member(object, "topics", topics);
        json_object_set_int_member(object, "seq", (gint64)s->seq);
        json_object_set_int_member(object, "lag", (gint64)s->lag);
        json_object_set_int_member(object, "lag-alarm", (gint64)s->lag_alarm);
        json_object_set_int_member(object, "parked", (gint64)s->dead);
        json_object_set_string_member(object, "seen", seen);
        json_array_add_object_element(array, object);
    }
    json_object_set_array_member(root, "subscriptions", array);
    cmd_bus_print_json(root);
}

static void print_list(const GPtrArray *list)
{
    static const CmdColumn columns[] = {
        {"NAME", false},   {"AT", true}, {"LAG", true}, {"PARKED", true}, {"SEEN", false},
        {"TOPICS", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < list->len; i++) {
        const BusSubscription *s = list->pdata[i];
        g_autofree char *at = g_strdup_printf("%" G_GUINT64_FORMAT, s->seq);
        g_autofree char *lag = g_strdup_printf("%" G_GUINT64_FORMAT, s->lag);
        g_autofree char *parked = g_strdup_printf("%" G_GUINT64_FORMAT, s->dead);
        g_autofree char *seen = bus_time_print(s->seen_us);
        g_autofree char *topics = g_strjoinv(" ", s->topics);
        seen[19] = '\0';
        cmd_table_add(table, (const char *const[]){s->name, at, lag, parked, seen,
                                                   topics[0] != '\0' ? topics : "*", NULL});
    }
    g_autofree char *text = cmd_table_print(table);
    fputs(text, stdout);
}

static bool list_all(const CmdArgs *args, CmdBus *bus, GError **error)
{
    g_autoptr(GPtrArray) list = bus_subscription_list(bus->log, error);
    if (list == NULL)
        return false;
    if (cmd_args_flag(args, "json"))
        print_list_json(list);
    else
        print_list(list);
    return true;
}

static bool list_parked(const CmdArgs *args, CmdBus *bus, const char *name, GError **error)
{
    g_autoptr(GPtrArray) list = bus_subscription_dead(bus->log, name, error);
    if (list == NULL)
        return false;
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *array = json_array_new();
    json_object_set_array_member(root, "parked", array);
    for (guint i = 0; i < list->len; i++) {
        const BusDead *dead = list->pdata[i];
        g_autofree char *time = bus_time_print(dead->parked_us);
        JsonObject *object = json_object_new();
        json_object_set_int_member(object, "seq", (gint64)dead->seq);
        json_object_set_string_member(object, "reason", dead->reason);
        json_object_set_string_member(object, "parked", time);
        json_array_add_object_element(array, object);
        if (!cmd_args_flag(args, "json"))
            printf("%" G_GUINT64_FORMAT " %.19sZ %s\n", dead->seq, time, dead->reason);
    }
    if (cmd_args_flag(args, "json"))
        cmd_bus_print_json(root);
    return true;
}

static bool add(const CmdArgs *args, CmdBus *bus, const char *name, GError **error)
{
    uint64_t since = 0;
    uint64_t alarm = 0;
    const char *since_text = cmd_args_string(args, "since");
    const char *alarm_text = cmd_args_string(args, "lag-alarm");
    return (since_text == NULL || cmd_bus_read_number("--since", since_text, &since, error)) &&
           (alarm_text == NULL || cmd_bus_read_number("--lag-alarm", alarm_text, &alarm, error)) &&
           bus_subscription_ensure(bus->log, name, cmd_args_strings(args, "topic"), since, alarm,
                                   error);
}

static bool move(CmdBus *bus, const char *action, const char *name, const char *number,
                 GError **error)
{
    uint64_t seq = 0;
    if (!cmd_bus_read_number("NUMBER", number, &seq, error))
        return false;
    if (strcmp(action, "park") == 0)
        return bus_subscription_park(bus->log, name, seq, "parked by hand", error);
    return bus_subscription_unpark(bus->log, name, seq, error);
}

CmdExit cmd_bus_subscriptions_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *words = cmd_args_operands(args);
    guint n = g_strv_length((char **)words);
    g_autoptr(CmdBus) bus = cmd_bus_open(args, n == 0 ? CMD_BUS_READ : CMD_BUS_WRITE, error);
    bool ok = false;
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    if (n == 0)
        ok = list_all(args, bus, error);
    else if (n == 2 && strcmp(words[0], "add") == 0)
        ok = add(args, bus, words[1], error);
    else if (n == 2 && strcmp(words[0], "remove") == 0)
        ok = bus_subscription_remove(bus->log, words[1], error);
    else if (n == 2 && strcmp(words[0], "parked") == 0)
        ok = list_parked(args, bus, words[1], error);
    else if (n == 3 && (strcmp(words[0], "park") == 0 || strcmp(words[0], "unpark") == 0))
        ok = move(bus, words[0], words[1], words[2], error);
    else
        return cmd_bus_wrong_action("subscriptions", ACTIONS, error);
    return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
