/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"

G_BEGIN_DECLS

/**
 * CmdProgram:
 * @name: name in messages ("atoll")
 * @summary: one line for the help text
 * @commands: the table
 *
 * What cmd_main() was given; borrowed by all who print something about it.
 */
typedef struct {
    const char *name;
    const char *summary;
    const CmdCommand *commands;
} CmdProgram;

/**
 * cmd_program_find:
 * @program: a program
 * @words: the arguments after the program's name, %NULL-terminated
 * @out_used: how many of @words the command's name took
 * @error: %CMD_ERROR_USAGE, with the nearest command
 *
 * Returns: the row whose name @words begin with
 */
const CmdCommand *cmd_program_find(const CmdProgram *program, const char *const *words,
                                   size_t *out_used, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cmd_program_is_group:
 * @program: a program
 * @word: a first word
 *
 * Returns: %TRUE if some command's name is @word and a second word
 */
bool cmd_program_is_group(const CmdProgram *program, const char *word);

/**
 * cmd_program_words:
 * @program: a program
 * @group: (nullable): a first word; %NULL for the first words themselves
 *
 * Returns: (transfer container): the distinct first words of all commands with the built-in
 *   ones, or the second words of the group's commands; in the table's order, %NULL-terminated
 */
GPtrArray *cmd_program_words(const CmdProgram *program, const char *group);

G_END_DECLS
