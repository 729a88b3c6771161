/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus deliver: tells webhooks and people, until it is told to stop.
 */
#include "cmd/commands.h"

#include "bus/delivery/deliver.h"
#include "cmd/bus/transport-args.h"

#include <signal.h>
#include <stdio.h>

const CmdOption cmd_bus_deliver_options[] = {
    CMD_BUS_OPTIONS_MAIL,
    {.name = "standby", .help = "wait while another process delivers, and take over after it"},
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    {0},
};

bool cmd_bus_deliver_read_options(const CmdArgs *args, BusDeliverOptions *out_options,
                                  char **out_password, GError **error)
{
    const char *password_file = cmd_args_string(args, "smtp-password-file");
    BusDeliverOptions options = {
        .smtp = cmd_args_string(args, "smtp"),
        .smtp_ca_file = cmd_args_string(args, "smtp-ca-file"),
        .from = cmd_args_string(args, "from"),
        .instance = cmd_args_string(args, "url"),
        .report = cmd_bus_transport_report,
    };
    if ((options.smtp == NULL) != (options.from == NULL)) {
        (void)cmd_bus_transport_usage(error, "--smtp and --from go together");
        return false;
    }
    if (password_file != NULL) {
        *out_password = cmd_bus_transport_read_secret(password_file, error);
        if (*out_password == NULL)
            return false;
        options.smtp_password = *out_password;
    }
    *out_options = options;
    return true;
}

CmdExit cmd_bus_deliver_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autofree char *password = NULL;
    BusDeliverOptions options = {0};
    if (!cmd_bus_deliver_read_options(args, &options, &password, error))
        return CMD_EXIT_FAILED;
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
