/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll token remove: ends a token.
 */
#include "cmd/commands.h"

#include "bus/token.h"
#include "cmd/log.h"

const CmdOption cmd_token_remove_options[] = {CMD_OPTION_STATE, CMD_OPTION_DATABASE, {0}};

CmdExit cmd_token_remove_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(CmdLog) log = cmd_log_open(args, error);
    if (log == NULL)
        return CMD_EXIT_FAILED;
    return bus_token_remove(log->log, cmd_args_operands(args)[0], error) ? CMD_EXIT_DONE
                                                                         : CMD_EXIT_FAILED;
}
