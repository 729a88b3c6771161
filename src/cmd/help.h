/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/program.h"

G_BEGIN_DECLS

/** cmd_help_program: (transfer full): the help text of a whole program, 80 columns wide */
char *cmd_help_program(const CmdProgram *program);

/** cmd_help_command: (transfer full): the help text of one command, 80 columns wide */
char *cmd_help_command(const CmdProgram *program, const CmdCommand *command);

/** cmd_help_json: (transfer full): the whole table as JSON, for tests and generators */
char *cmd_help_json(const CmdProgram *program);

G_END_DECLS
