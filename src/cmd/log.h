/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"
#include "cmd/command.h"

G_BEGIN_DECLS

/**
 * CmdLog:
 * @db: (owned): the state database
 * @log: (owned): the event log in it
 *
 * The log that a command works on.
 */
typedef struct {
    BaseDb *db;
    BusLog *log;
} CmdLog;

/**
 * cmd_log_open:
 * @args: of a command that has %CMD_OPTION_DATABASE and %CMD_OPTION_STATE
 * @error: return location
 *
 * Opens the log for writing; the state directory and its database are made when missing.
 */
CmdLog *cmd_log_open(const CmdArgs *args, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cmd_log_close(CmdLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdLog, cmd_log_close)

G_END_DECLS
