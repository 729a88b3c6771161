/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * CmdExit:
 *
 * Exit statuses of every command.
 */
typedef enum {
    CMD_EXIT_DONE = 0,
    CMD_EXIT_FAILED = 1,
    CMD_EXIT_USAGE = 2,
    CMD_EXIT_NOTHING_TO_DO = 3,
} CmdExit;

/**
 * CmdOption:
 * @name: long name without dashes; %NULL ends a list
 * @letter: short name, or 0
 * @metavar: name of its argument in the help text; %NULL for a switch
 * @help: one line
 * @repeatable: may be given more than once (cmd_args_strings())
 */
typedef struct {
    const char *name;
    char letter;
    const char *metavar;
    const char *help;
    bool repeatable;
} CmdOption;

typedef struct _CmdArgs CmdArgs;

/**
 * CmdCommand:
 * @name: as typed ("compose"), or two words ("manifest show"); %NULL ends the table
 * @summary: one line, no full stop
 * @operands: operands in the usage line ("MANIFEST"), or %NULL; a trailing "..." allows many,
 *   brackets make one optional
 * @options: (nullable): ended by a zeroed element; --help is always there
 * @flags: see #CmdFlags
 * @run: does it; returns a #CmdExit; on failure with @error set the caller prints it
 *
 * One row of a program's command table. Help, completion, the man-page test and the parser
 * all read it.
 */
typedef struct _CmdCommand CmdCommand;
struct _CmdCommand {
    const char *name;
    const char *summary;
    const char *operands;
    const CmdOption *options;
    unsigned flags;
    CmdExit (*run)(const CmdArgs *args, GCancellable *cancellable, GError **error);
};

/**
 * CmdFlags:
 * @CMD_FLAG_ROOT: needs root; said before anything is tried
 * @CMD_FLAG_USERNS: runs with private mounts and, for an ordinary user, as root of a user
 *   namespace. base_userns_enter() wants a process without threads, and the one that waits
 *   for signals runs when the command starts: so cmd_main() enters, before that
 */
typedef enum {
    CMD_FLAG_ROOT = 1 << 0,
    CMD_FLAG_USERNS = 1 << 1,
} CmdFlags;

/*
 * Options that mean the same in every command that has them.
 */
#define CMD_OPTION_JSON                                                                            \
    {                                                                                              \
        .name = "json", .help = "print JSON, for programs"                                         \
    }
#define CMD_OPTION_QUIET                                                                           \
    {                                                                                              \
        .name = "quiet", .letter = 'q', .help = "show no progress, only errors"                    \
    }
#define CMD_OPTION_STATE                                                                           \
    {                                                                                              \
        .name = "state", .metavar = "DIR",                                                         \
        .help = "state directory (default: $ATOLL_STATE, else /var/lib/atoll as root and "         \
                "~/.local/share/atoll for others)"                                                 \
    }
#define CMD_OPTION_DATABASE                                                                        \
    {                                                                                              \
        .name = "database", .metavar = "URL",                                                      \
        .help = "state database: an SQLite file or postgresql://… (default: $ATOLL_DATABASE, "   \
                "else atoll.db in the state directory)"                                            \
    }

/** cmd_args_flag: whether the switch --@name was given */
bool cmd_args_flag(const CmdArgs *args, const char *name);

/** cmd_args_string: (nullable): the argument of the last --@name */
const char *cmd_args_string(const CmdArgs *args, const char *name);

/** cmd_args_strings: %NULL-terminated arguments of all --@name, in order; never %NULL */
const char *const *cmd_args_strings(const CmdArgs *args, const char *name);

/** cmd_args_operands: %NULL-terminated operands; their count fits the table's row */
const char *const *cmd_args_operands(const CmdArgs *args);

/**
 * cmd_args_state_dir:
 * @args: of a command that has %CMD_OPTION_STATE
 *
 * Returns: (transfer full): absolute path of the state directory: --state, $ATOLL_STATE,
 *   /var/lib/atoll for root, atoll in the user's data directory for others (the user who
 *   called, also when the command runs in a user namespace); it may not exist yet
 */
char *cmd_args_state_dir(const CmdArgs *args);

/**
 * cmd_args_database:
 * @args: of a command that has %CMD_OPTION_DATABASE and %CMD_OPTION_STATE
 *
 * Returns: (transfer full): for base_db_open(): --database, $ATOLL_DATABASE, or the file
 *   atoll.db in the state directory, which is not made here
 */
char *cmd_args_database(const CmdArgs *args);

/**
 * cmd_main:
 * @program: name in messages ("atoll")
 * @summary: one line for the help text
 * @commands: the table
 * @argc: from main()
 * @argv: from main()
 *
 * The whole of a main(): finds the command, parses by its row, runs it, prints the error
 * once as "PROGRAM: message". SIGINT and SIGTERM cancel. Also answers --help, --version,
 * "help COMMAND" and "completion bash|zsh|fish", all out of the table.
 *
 * Returns: the exit status
 */
int cmd_main(const char *program, const char *summary, const CmdCommand *commands, int argc,
             char **argv);

G_END_DECLS
