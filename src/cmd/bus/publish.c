/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus publish: one event into the log.
 */
#include "cmd/commands.h"

#include "cmd/bus/open.h"
#include "cmd/error.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_bus_publish_options[] = {
    CMD_BUS_OPTION_ACTOR,
    {.name = "object",
     .metavar = "KIND:ID",
     .help = "what the event is about; may be given more than once",
     .repeatable = true},
    {.name = "id", .metavar = "UUID", .help = "the event's id: a second one of it is refused"},
    {.name = "schema", .metavar = "ID", .help = "id of the body's JSON Schema"},
    {.name = "severity", .metavar = "NAME", .help = "debug, info (default), warning or error"},
    {.name = "time", .metavar = "TIME", .help = "when it happened (default: now)"},
    CMD_BUS_OPTIONS,
    CMD_OPTION_JSON,
    {0},
};

static char *read_body(const char *operand, GError **error)
{
    if (operand == NULL)
        operand = "{}";
    g_autoptr(GBytes) bytes = strcmp(operand, "-") == 0
                                  ? cmd_bus_read_file("-", 2 * BUS_BODY_MAX_BYTES, error)
                                  : g_bytes_new(operand, strlen(operand));
    if (bytes == NULL) {
        g_prefix_error(error, "the body (at most %d bytes): ", BUS_BODY_MAX_BYTES);
        return NULL;
    }
    size_t size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    if (size_bytes > 0 && memchr(text, '\0', size_bytes) != NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED, "the body: a NUL character");
        return NULL;
    }
    return g_strndup(text, size_bytes);
}

CmdExit cmd_bus_publish_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *operands = cmd_args_operands(args);
    g_autofree char *actor = cmd_bus_actor(args);
    const char *time = cmd_args_string(args, "time");
    const char *severity = cmd_args_string(args, "severity");
    BusDraft draft = {.topic = operands[0],
                      .actor = actor,
                      .id = cmd_args_string(args, "id"),
                      .schema = cmd_args_string(args, "schema"),
                      .objects = cmd_args_strings(args, "object")};
    if ((severity != NULL && !cmd_bus_read_severity(severity, &draft.severity, error)) ||
        (time != NULL && !cmd_bus_read_time("--time", time, &draft.time_us, error)))
        return CMD_EXIT_FAILED;
    g_autofree char *body = read_body(operands[1], error);
    if (body == NULL)
        return CMD_EXIT_FAILED;
    draft.body_text = body;
    uint64_t seq = 0;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_WRITE, error);
    if (bus == NULL || !bus_publish(bus->log, &draft, &seq, error))
        return CMD_EXIT_FAILED;
    g_autoptr(BusEvent) event = bus_log_find_seq(bus->log, seq, error);
    if (event == NULL)
        return CMD_EXIT_FAILED;
    if (!cmd_args_flag(args, "json"))
        printf("%" G_GUINT64_FORMAT " %s\n", event->seq, event->id);
    else if (!cmd_bus_print_event(event, true, error))
        return CMD_EXIT_FAILED;
    return CMD_EXIT_DONE;
}
