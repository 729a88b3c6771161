/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * BaseRunFlags:
 * @BASE_RUN_DEFAULT: standard input is /dev/null, output is kept for the error message
 * @BASE_RUN_DIE_WITH_PARENT: the kernel kills the child when this process ends
 */
typedef enum {
    BASE_RUN_DEFAULT = 0,
    BASE_RUN_DIE_WITH_PARENT = 1 << 0,
} BaseRunFlags;

/**
 * BaseRun:
 * @argv: program and arguments, %NULL-terminated; looked up in PATH
 * @env: (nullable): the whole environment of the child; %NULL inherits
 * @cwd: (nullable): working directory
 * @stdin_bytes: (nullable): what the child reads
 * @what: what it does, for error messages ("configuring packages")
 * @name: (nullable): the program's name in error messages, by default that of @argv; "" when
 *   @what says it all
 * @flags: see #BaseRunFlags
 * @on_line: (nullable): called with each line of output as it comes, from the calling thread
 * @user_data: for @on_line
 *
 * One child process. Fill the fields that matter, leave the rest zero.
 */
typedef struct {
    const char *const *argv;
    const char *const *env;
    const char *cwd;
    GBytes *stdin_bytes;
    const char *what;
    const char *name;
    BaseRunFlags flags;
    void (*on_line)(const char *line, void *user_data);
    void *user_data;
} BaseRun;

/**
 * base_run:
 * @run: what to run
 * @out_output: (out) (optional) (transfer full): standard output and standard error together
 * @cancellable: (nullable): kills the child
 * @error: %BASE_ERROR_CHILD when it exits non-zero or by a signal: the message has the exit
 *   status and the last lines of its output; %BASE_ERROR_NO_SPACE when these lines say why
 *
 * Runs the child to its end.
 */
bool base_run(const BaseRun *run, char **out_output, GCancellable *cancellable,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_run_simple:
 * @what: what it does, for error messages
 * @error: return location
 * @argv0: the program, followed by its arguments and %NULL
 *
 * Shorthand for a child whose output matters only when it fails.
 */
bool base_run_simple(const char *what, GError **error, const char *argv0,
                     ...) G_GNUC_NULL_TERMINATED G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
