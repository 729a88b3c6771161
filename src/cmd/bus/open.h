/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/query.h"
#include "cmd/command.h"

G_BEGIN_DECLS

/* Options of every command that reads or writes the log. */
#define CMD_BUS_OPTIONS CMD_OPTION_STATE, CMD_OPTION_DATABASE
#define CMD_BUS_OPTION_ACTOR                                                                       \
    {                                                                                              \
        .name = "actor", .metavar = "ACTOR", .help = "who does it (default: person:USER)"          \
    }

/**
 * CmdBus:
 *
 * The log that a command line names, open.
 */
typedef struct {
    BaseDb *db;
    BusLog *log;
} CmdBus;

void cmd_bus_close(CmdBus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdBus, cmd_bus_close)

/** CmdBusMode: only what writes needs, or makes, the signing key and the database */
typedef enum { CMD_BUS_READ, CMD_BUS_WRITE } CmdBusMode;

/** cmd_bus_open: (transfer full) */
CmdBus *cmd_bus_open(const CmdArgs *args, CmdBusMode mode,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_actor: (transfer full): --actor, or the user */
char *cmd_bus_actor(const CmdArgs *args);

/** cmd_bus_print_event: one line on standard output: for people, or with @json the event as it is
 * exported */
bool cmd_bus_print_event(const BusEvent *event, bool json,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_print_json: (transfer none): @object on standard output, indented */
void cmd_bus_print_json(JsonObject *object);

/** cmd_bus_read_number: a whole number of an option or operand; %CMD_ERROR_USAGE names @what */
bool cmd_bus_read_number(const char *what, const char *text, uint64_t *out_number,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_read_severity: the value of --severity; %CMD_ERROR_USAGE */
bool cmd_bus_read_severity(const char *name, BusSeverity *out_severity, GError **error);

/** cmd_bus_read_time: ISO 8601 or seconds of Unix time; %CMD_ERROR_USAGE names @what */
bool cmd_bus_read_time(const char *what, const char *text, int64_t *out_time_us,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_read_file: (transfer full): a file, or standard input for "-", up to @max_bytes */
GBytes *cmd_bus_read_file(const char *path, size_t max_bytes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_bus_strings: (transfer full) (nullable): the arguments of a repeatable option; %NULL for
 * none */
char **cmd_bus_strings(const CmdArgs *args, const char *name);

/** cmd_bus_wrong_action: sets %CMD_ERROR_USAGE: an action with so many words is not known */
CmdExit cmd_bus_wrong_action(const char *command, const char *known, GError **error);

G_END_DECLS
