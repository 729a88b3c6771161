/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus deliver: tells webhooks and people, until it is told to stop.
 */
#include "cmd/commands.h"

#include "bus/deliver.h"
#include "cmd/bus/transport-args.h"

#include <signal.h>
#include <stdio.h>

const CmdOption cmd_bus_deliver_options[] = {
    {.name = "smtp",
     .metavar = "URL",
     .help = "mail server, such as smtp://user@mail.example.org:587"},
    {.name = "smtp-password-file", .metavar = "FILE", .help = "password of the URL's user"},
    {.name = "from", .metavar = "ADDRESS", .help = "sender of mails"},
    {.name = "url",
     .metavar = "URL",
     .help = "where people see the log, for links (https://atoll.example.org)"},
    {.name = "standby", .help = "wait while another process delivers, and take over after it"},
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    {0},
};

CmdExit cmd_bus_deliver_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *password_file = cmd_args_string(args, "smtp-password-file");
    g_autofree char *password = NULL;
    BusDeliverOptions options = {
        .smtp = cmd_args_string(args, "smtp"),
        .from = cmd_args_string(args, "from"),
        .instance = cmd_args_string(args, "url"),
        .report = cmd_bus_transport_report,
    };
    if ((options.smtp == NULL) != (options.from == NULL))
        return cmd_bus_transport_usage(error, "--smtp and --from go together");
    if (password_file != NULL) {
        password = cmd_bus_transport_read_secret(password_file, error);
        if (password == NULL)
            return CMD_EXIT_FAILED;
        options.smtp_password = password;
    }
    g_autofree char *database = cmd_args_database(args);
    g_autofree char *state_dir = cmd_bus_transport_make_state(args, error);
    if (state_dir == NULL)
        return CMD_EXIT_FAILED;
    (void)signal(SIGPIPE, SIG_IGN);
    bool ok = cmd_args_flag(args, "standby")
                  ? bus_deliver_standby(database, state_dir, &options, cancellable, error)
                  : bus_deliver_run(database, state_dir, &options, cancellable, error);
    return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
