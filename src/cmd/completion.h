/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/program.h"

G_BEGIN_DECLS

/**
 * cmd_completion_print:
 * @program: a program
 * @shell: "bash", "zsh" or "fish"
 * @error: %CMD_ERROR_USAGE for another shell
 *
 * Returns: (transfer full): the completion script of the program for that shell
 */
char *cmd_completion_print(const CmdProgram *program, const char *shell,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
