/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"

G_BEGIN_DECLS

/**
 * cmd_args_parse:
 * @command: the row that says what is allowed
 * @words: the arguments after the command's name, %NULL-terminated
 * @error: %CMD_ERROR_USAGE says what is wrong, with the nearest option
 *
 * Understands --long, --long=VALUE, --long VALUE, -s, -sVALUE, bundled switches (-ab) and
 * "--", after which everything is an operand. Options and operands may be mixed. With --help
 * among them the operands are not counted.
 *
 * Returns: (transfer full): the parsed command line
 */
CmdArgs *cmd_args_parse(const CmdCommand *command, const char *const *words,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

void cmd_args_free(CmdArgs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdArgs, cmd_args_free)

G_END_DECLS
