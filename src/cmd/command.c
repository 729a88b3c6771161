/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The whole of a main(): from argv to the exit status, by the program's command table.
 * SIGINT and SIGTERM cancel the running command; the second one kills, as by default. One that
 * comes when the command has ended changes nothing: what was done is told.
 */
#include "cmd/command.h"

#include "base/start.h"
#include "base/userns.h"
#include "cmd/args.h"
#include "cmd/completion.h"
#include "cmd/error.h"
#include "cmd/help.h"
#include "cmd/program.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
} SignalWatch;

static gboolean on_signal(gpointer data)
{
    g_cancellable_cancel(data);
    return G_SOURCE_REMOVE;
}

static gpointer watch_thread(gpointer data)
{
    const SignalWatch *self = data;
    g_main_context_push_thread_default(self->context);
    g_main_loop_run(self->loop);
    g_main_context_pop_thread_default(self->context);
    return NULL;
}

static void watch_signal(const SignalWatch *self, int number, GCancellable *cancellable)
{
    g_autoptr(GSource) source = g_unix_signal_source_new(number);
    g_source_set_callback(source, on_signal, cancellable, NULL);
    g_source_attach(source, self->context);
}

static void signal_watch_start(SignalWatch *self, GCancellable *cancellable)
{
    self->context = g_main_context_new();
    self->loop = g_main_loop_new(self->context, FALSE);
    watch_signal(self, SIGINT, cancellable);
    watch_signal(self, SIGTERM, cancellable);
    self->thread = g_thread_new("signals", watch_thread, self);
}

static gboolean on_stop(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static void signal_watch_stop(SignalWatch *self)
{
    /* Invoked in the loop itself: a quit before the thread reached its loop would be lost. */
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_callback(source, on_stop, self->loop, NULL);
    g_source_attach(source, self->context);
    g_thread_join(self->thread);
    g_main_loop_unref(self->loop);
    g_main_context_unref(self->context);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
}

static void print_error(const CmdProgram *program, const GError *error)
{
    const char *message = error->message;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        message = "interrupted";
    fprintf(stderr, "%s: %s\n", program->name, message);
}

static CmdExit usage_failed(const CmdProgram *program, const CmdCommand *command,
                            const GError *error)
{
    print_error(program, error);
    if (command == NULL)
        fprintf(stderr, "Try '%s --help'.\n", program->name);
    else
        fprintf(stderr, "Try '%s %s --help'.\n", program->name, command->name);
    return CMD_EXIT_USAGE;
}

static CmdExit print_text(const char *text)
{
    fputs(text, stdout);
    return CMD_EXIT_DONE;
}

static CmdExit run_help(const CmdProgram *program, const char *const *words)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    size_t used = 0;
    if (words[0] == NULL) {
        text = cmd_help_program(program);
        return print_text(text);
    }
    if (strcmp(words[0], "--json") == 0 && words[1] == NULL) {
        text = cmd_help_json(program);
        return print_text(text);
    }
    const CmdCommand *command = cmd_program_find(program, words, &used, &error);
    if (command == NULL)
        return usage_failed(program, NULL, error);
    text = cmd_help_command(program, command);
    return print_text(text);
}

static CmdExit run_completion(const CmdProgram *program, const char *const *words)
{
    g_autoptr(GError) error = NULL;
    const char *shell = words[0] == NULL ? "" : words[0];
    g_autofree char *text = cmd_completion_print(program, shell, &error);
    if (text == NULL)
        return usage_failed(program, NULL, error);
    return print_text(text);
}

static bool prepare(const CmdCommand *command, GError **error)
{
    if ((command->flags & CMD_FLAG_ROOT) != 0 && geteuid() != 0) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED, "‘%s’ needs root", command->name);
        return false;
    }
    if ((command->flags & CMD_FLAG_USERNS) != 0)
        return base_userns_enter(error);
    return true;
}

static CmdExit run_command(const CmdProgram *program, const CmdCommand *command,
                           const CmdArgs *args)
{
    g_autoptr(GError) error = NULL;
    if (!prepare(command, &error)) {
        print_error(program, error);
        return CMD_EXIT_FAILED;
    }
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    SignalWatch watch = {0};
    signal_watch_start(&watch, cancellable);
    CmdExit status = command->run(args, cancellable, &error);
    signal_watch_stop(&watch);
    if (error == NULL)
        return status;
    if (g_error_matches(error, CMD_ERROR, CMD_ERROR_USAGE))
        return usage_failed(program, command, error);
    print_error(program, error);
    return status == CMD_EXIT_DONE ? CMD_EXIT_FAILED : status;
}

static CmdExit dispatch(const CmdProgram *program, const char *const *words)
{
    g_autoptr(GError) error = NULL;
    size_t used = 0;
    if (words[0] == NULL) {
        g_autofree char *text = cmd_help_program(program);
        fputs(text, stderr);
        return CMD_EXIT_USAGE;
    }
    if (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)
        return run_help(program, words + 1);
    if (strcmp(words[0], "--version") == 0) {
        printf("%s %s\n", program->name, ATOLL_VERSION);
        return CMD_EXIT_DONE;
    }
    if (strcmp(words[0], "help") == 0)
        return run_help(program, words + 1);
    if (strcmp(words[0], "completion") == 0)
        return run_completion(program, words + 1);
    const CmdCommand *command = cmd_program_find(program, words, &used, &error);
    if (command == NULL)
        return usage_failed(program, NULL, error);
    g_autoptr(CmdArgs) args = cmd_args_parse(command, words + used, &error);
    if (args == NULL)
        return usage_failed(program, command, error);
    if (cmd_args_flag(args, "help")) {
        g_autofree char *text = cmd_help_command(program, command);
        return print_text(text);
    }
    return run_command(program, command, args);
}

int cmd_main(const char *program, const char *summary, const CmdCommand *commands, int argc,
             char **argv)
{
    const CmdProgram self = {.name = program, .summary = summary, .commands = commands};
    const char *const none[] = {NULL};
    base_start();
    g_set_prgname(program);
    CmdExit status = dispatch(&self, argc > 0 ? (const char *const *)argv + 1 : none);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int saved_errno = errno;
        fprintf(stderr, "%s: writing the output: %s\n", program, g_strerror(saved_errno));
        return CMD_EXIT_FAILED;
    }
    return (int)status;
}
