/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll token remove: ends a token.
 */
#include "cmd/commands.h"

#include "bus/token.h"
#include "cmd/bus/open.h"

const CmdOption cmd_token_remove_options[] = {CMD_BUS_OPTION_ACTOR, CMD_BUS_OPTIONS, {0}};

CmdExit cmd_token_remove_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_WRITE, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *by = cmd_bus_actor(args);
    return bus_token_remove(bus->log, by, cmd_args_operands(args)[0], error) ? CMD_EXIT_DONE
                                                                             : CMD_EXIT_FAILED;
}
