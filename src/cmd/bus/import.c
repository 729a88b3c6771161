/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus import: an export back into a log, or other lines as new events.
 */
#include "cmd/commands.h"

#include "base/error.h"
#include "bus/dump.h"
#include "cmd/bus/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const CmdOption cmd_bus_import_options[] = {
    CMD_BUS_OPTION_ACTOR,
    CMD_BUS_OPTIONS,
    {0},
};

CmdExit cmd_bus_import_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *file = cmd_args_operands(args)[0];
    g_autofree char *actor = cmd_bus_actor(args);
    BusDumpCounts counts = {0};
    bool from_stdin = strcmp(file, "-") == 0;
    FILE *in = from_stdin ? stdin : fopen(file, "re");
    if (in == NULL) {
        (void)base_error_set_errno(error, errno, "opening ‘%s’", file);
        return CMD_EXIT_FAILED;
    }
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_WRITE, error);
    bool ok = bus != NULL && bus_dump_import(bus->log, in, from_stdin ? "standard input" : file,
                                             actor, cancellable, &counts, error);
    if (!from_stdin)
        (void)fclose(in);
    if (bus != NULL)
        printf("%" G_GUINT64_FORMAT " restored, %" G_GUINT64_FORMAT " published, %" G_GUINT64_FORMAT
               " known already\n",
               counts.restored, counts.published, counts.known);
    return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
