/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus tail: the newest events, or all since one, and those to come.
 */
#include "cmd/commands.h"

#include "cmd/bus/open.h"

#include <stdio.h>
#include <string.h>

#define LAST 10
#define CHUNK 500
#define WAIT_MS 60000
#define AWAY_US 500000

const CmdOption cmd_bus_tail_options[] = {
    {.name = "since", .metavar = "N", .help = "all events past number N (default: the last 10)"},
    {.name = "topic",
     .metavar = "GLOB",
     .help = "only topics that match; may be given more than once",
     .repeatable = true},
    {.name = "object",
     .metavar = "KIND:ID",
     .help = "only events about it; may be given more than once",
     .repeatable = true},
    {.name = "follow", .letter = 'f', .help = "go on with events as they come"},
    CMD_BUS_OPTIONS,
    CMD_OPTION_JSON,
    {0},
};

static bool print_all(const GPtrArray *events, bool json, GError **error)
{
    for (guint i = 0; i < events->len; i++) {
        if (!cmd_bus_print_event(events->pdata[i], json, error))
            return false;
    }
    return fflush(stdout) == 0;
}

/* The last ten, oldest first. */
static bool print_last(CmdBus *bus, BusQuery *query, bool json, GError **error)
{
    query->limit = LAST;
    query->order = BUS_ORDER_DESC;
    if (!bus_log_head(bus->log, &query->after_seq, error))
        return false;
    uint64_t head = query->after_seq;
    query->after_seq = 0;
    g_autoptr(GPtrArray) events = bus_query_run(bus->log, query, NULL, error);
    if (events == NULL)
        return false;
    for (guint i = 0; i < events->len / 2; i++) {
        gpointer swap = events->pdata[i];
        events->pdata[i] = events->pdata[events->len - 1 - i];
        events->pdata[events->len - 1 - i] = swap;
    }
    const BusEvent *last = events->len > 0 ? events->pdata[events->len - 1] : NULL;
    query->after_seq = last != NULL ? MAX(head, last->seq) : head;
    return print_all(events, json, error);
}

/* Up to the end of the log as it was on entry; nothing between is missed or told twice. */
static bool print_new(CmdBus *bus, BusQuery *query, bool json, GError **error)
{
    uint64_t head = 0;
    if (!bus_log_head(bus->log, &head, error))
        return false;
    query->limit = CHUNK;
    query->order = BUS_ORDER_ASC;
    for (guint n = CHUNK; n == CHUNK;) {
        g_autoptr(GPtrArray) events = bus_query_run(bus->log, query, NULL, error);
        if (events == NULL || !print_all(events, json, error))
            return false;
        n = events->len;
        if (n > 0)
            query->after_seq = ((BusEvent *)events->pdata[n - 1])->seq;
    }
    query->after_seq = MAX(query->after_seq, head);
    return true;
}

/* A database that is restarted is waited for: the position is ours. */
static bool follow(CmdBus *bus, BusQuery *query, bool json, GCancellable *cancellable,
                   GError **error)
{
    while (!g_cancellable_is_cancelled(cancellable)) {
        g_autoptr(GError) local = NULL;
        if (bus_log_wait(bus->log, query->after_seq, WAIT_MS, cancellable, &local))
            (void)!print_new(bus, query, json, &local);
        if (local == NULL || g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            continue;
        if (!g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_AWAY)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        g_usleep(AWAY_US);
    }
    return true;
}

CmdExit cmd_bus_tail_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    bool json = cmd_args_flag(args, "json");
    const char *since = cmd_args_string(args, "since");
    g_auto(BusQuery) query = {0};
    if (since != NULL && !cmd_bus_read_number("--since", since, &query.after_seq, error))
        return CMD_EXIT_USAGE;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_READ, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    query.topics.any = cmd_bus_strings(args, "topic");
    query.objects.any = cmd_bus_strings(args, "object");
    if (since != NULL ? !print_new(bus, &query, json, error)
                      : !print_last(bus, &query, json, error))
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "follow") && !follow(bus, &query, json, cancellable, error))
        return CMD_EXIT_FAILED;
    return CMD_EXIT_DONE;
}
