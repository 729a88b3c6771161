/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus show: one event with all that it says.
 */
#include "cmd/commands.h"

#include "bus/canonical.h"
#include "cmd/bus/open.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_bus_show_options[] = {CMD_BUS_OPTIONS, CMD_OPTION_JSON, {0}};

static void print_line(const char *name, const char *text)
{
    printf("%-10s %s\n", name, text != NULL ? text : "-");
}

static void print_text(const BusEvent *event)
{
    char hash[2 * BASE_SHA256_BYTES + 1];
    g_autofree char *seq = g_strdup_printf("%" G_GUINT64_FORMAT, event->seq);
    g_autofree char *severity = g_strdup_printf("%u", (unsigned)event->severity);
    g_autofree char *time = bus_time_print(event->time_us);
    g_autofree char *logged = bus_time_print(event->logged_us);
    base_digest_to_hex(event->hash, sizeof event->hash, hash);
    print_line("number", seq);
    print_line("id", event->id);
    print_line("time", time);
    print_line("logged", logged);
    print_line("topic", event->topic);
    print_line("actor", event->actor);
    print_line("severity", severity);
    for (unsigned i = 0; event->objects[i] != NULL; i++)
        print_line(i == 0 ? "objects" : "", event->objects[i]);
    print_line("schema", event->schema);
    print_line("key", event->key);
    print_line("hash", hash);
    if (event->body == NULL) {
        print_line("body", "gone: retention took it");
        return;
    }
    g_autoptr(JsonNode) body = bus_canonical_parse(event->body, strlen(event->body), NULL);
    g_autofree char *text = body != NULL ? bus_json_print(body, true) : g_strdup(event->body);
    printf("\n%s\n", text);
}

CmdExit cmd_bus_show_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *id = cmd_args_operands(args)[0];
    guint64 seq = 0;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_READ, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    bool number = g_ascii_string_to_unsigned(id, 10, 1, INT64_MAX, &seq, NULL);
    g_autoptr(BusEvent) event =
        number ? bus_log_find_seq(bus->log, seq, error) : bus_log_find(bus->log, id, error);
    if (event == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        g_autoptr(JsonObject) object = bus_event_to_json(event);
        cmd_bus_print_json(object);
    } else {
        print_text(event);
    }
    return CMD_EXIT_DONE;
}
