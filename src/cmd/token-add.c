/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll token add: lets somebody publish events over HTTP.
 */
#include "cmd/commands.h"

#include "bus/token.h"
#include "cmd/bus/open.h"
#include "cmd/error.h"

#include <stdio.h>

const CmdOption cmd_token_add_options[] = {
    {.name = "topic",
     .metavar = "GLOB",
     .help = "a topic that it may publish, such as ‘org.atoll.prod.build.*’; may be repeated",
     .repeatable = true},
    {.name = "days", .metavar = "N", .help = "ends after so many days (default: never)"},
    CMD_BUS_OPTION_ACTOR,
    CMD_BUS_OPTIONS,
    CMD_OPTION_JSON,
    {0},
};

static bool read_days(const CmdArgs *args, int64_t *out_expires_us, GError **error)
{
    const char *text = cmd_args_string(args, "days");
    guint64 days = 0;
    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 1, 36500, &days, NULL)) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "--days wants a number from 1 to 36500, got ‘%s’", text);
        return false;
    }
    *out_expires_us = text != NULL ? g_get_real_time() + (int64_t)days * 86400 * G_USEC_PER_SEC : 0;
    return true;
}

CmdExit cmd_token_add_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    int64_t expires_us = 0;
    const char *const *topics = cmd_args_strings(args, "topic");
    if (topics[0] == NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "--topic is missing: what may it publish?");
        return CMD_EXIT_USAGE;
    }
    if (!read_days(args, &expires_us, error))
        return CMD_EXIT_USAGE;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_WRITE, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *by = cmd_bus_actor(args);
    g_autofree char *token =
        bus_token_add(bus->log, by, cmd_args_operands(args)[0], topics, expires_us, error);
    if (token == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json"))
        printf("{\"token\":\"%s\"}\n", token);
    else
        puts(token);
    return CMD_EXIT_DONE;
}
