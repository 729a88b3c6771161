/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/delivery/deliver.h"
#include "bus/transport-state.h"
#include "cmd/command.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** cmd_bus_transport_open: the log of the state directory or --database, ready to be written */
bool cmd_bus_transport_open(const CmdArgs *args, BusTransportState *out_state,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_transport_make_state: (transfer full): the state directory, made if need be; %NULL when
 * that fails */
char *cmd_bus_transport_make_state(const CmdArgs *args, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_transport_print_json: prints what @builder holds */
void cmd_bus_transport_print_json(JsonBuilder *builder);

/** cmd_bus_transport_add_strings: a member @name with an array of @values */
void cmd_bus_transport_add_strings(JsonBuilder *builder, const char *name, char *const *values);

/** cmd_bus_transport_read_secret: (transfer full): the first line of a file */
char *cmd_bus_transport_read_secret(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#define CMD_BUS_OPTIONS_MAIL                                                                       \
    {.name = "smtp",                                                                               \
     .metavar = "URL",                                                                             \
     .help = "mail server, such as smtp://user@mail.example.org:587"},                             \
        {.name = "smtp-password-file", .metavar = "FILE", .help = "password of the URL's user"},   \
        {.name = "smtp-ca-file", .metavar = "FILE", .help = "trust these certificates (PEM)"},     \
        {.name = "from", .metavar = "ADDRESS", .help = "sender of mails"},                         \
    {                                                                                              \
        .name = "url", .metavar = "URL",                                                           \
        .help = "where people see the log, for links (https://atoll.example.org)"                  \
    }

/**
 * cmd_bus_deliver_read_options:
 * @args: of a command that has %CMD_BUS_OPTIONS_MAIL
 * @out_options: what they say; borrows from @args and @out_password
 * @out_password: (out) (transfer full) (nullable)
 */
bool cmd_bus_deliver_read_options(const CmdArgs *args, BusDeliverOptions *out_options,
                                  char **out_password, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_transport_report: a line of a daemon, to standard error */
void cmd_bus_transport_report(const char *line, void *user_data);

/** cmd_bus_transport_number: @text as a number from @min to @max; @what names it in the error */
bool cmd_bus_transport_number(const char *text, const char *what, unsigned min, unsigned max,
                              unsigned *out_number, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_transport_duration: "90", "15m", "12h", "7d" in seconds, up to ten years */
bool cmd_bus_transport_duration(const char *text, unsigned *out_seconds,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_transport_add_trouble: what keeps @subscription from its next delivery: a member
 * "trouble" (null, or attempts, next, reason) of @builder's object
 *
 * Returns: (transfer full): the same in words, "" for none; %NULL with @error set */
char *cmd_bus_transport_add_trouble(JsonBuilder *builder, BusLog *log, const char *subscription,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_transport_usage: sets a usage error; always %CMD_EXIT_USAGE */
CmdExit cmd_bus_transport_usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS
