/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus export: the log as lines of JSON.
 */
#include "cmd/commands.h"

#include "cmd/bus/open.h"

#include <stdio.h>

#define CHUNK 1000

const CmdOption cmd_bus_export_options[] = {
    {.name = "since", .metavar = "N", .help = "only events past number N"},
    CMD_BUS_OPTIONS,
    {0},
};

CmdExit cmd_bus_export_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *since = cmd_args_string(args, "since");
    uint64_t seq = 0;
    if (since != NULL && !cmd_bus_read_number("--since", since, &seq, error))
        return CMD_EXIT_USAGE;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_READ, error);
    for (guint n = CHUNK; bus != NULL && n == CHUNK;) {
        g_autoptr(GPtrArray) events = bus_log_read(bus->log, seq, CHUNK, error);
        if (events == NULL || g_cancellable_set_error_if_cancelled(cancellable, error))
            return CMD_EXIT_FAILED;
        n = events->len;
        for (guint i = 0; i < n; i++) {
            const BusEvent *event = events->pdata[i];
            if (!cmd_bus_print_event(event, true, error))
                return CMD_EXIT_FAILED;
            seq = event->seq;
        }
    }
    return bus != NULL ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
