/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host-agent: what ‘atoll-host agent run’ becomes: the agent's main loop, in a program that
 * links little, since it idles on every host for all its life. Its arguments are of that
 * command's making and no interface for people.
 */
#include "base/start.h"
#include "update/agent.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>

typedef struct {
    UpdateAgentOptions options;
    gint64 interval_s;
    gint64 users_delay_s;
    gint64 stage_tries;
    char *staged;
    char *staged_version;
    char **agent_args;
    char **reboot_argv;
} Arguments;

static void arguments_clear(Arguments *self)
{
    /* what GOption filled in is ours */
    g_free((char *)self->options.program);
    g_free((char *)self->options.sysroot);
    g_free((char *)self->options.state_dir);
    g_free((char *)self->options.run_dir);
    g_free((char *)self->options.stream);
    g_free((char *)self->options.strategy);
    g_free(self->staged);
    g_free(self->staged_version);
    g_strfreev(self->agent_args);
    g_strfreev(self->reboot_argv);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

static bool parse(Arguments *out_arguments, int *argc, char ***argv, GError **error)
{
    Arguments *a = out_arguments;
    UpdateAgentOptions *o = &a->options;
    const GOptionEntry entries[] = {
        {"program", 0, 0, G_OPTION_ARG_STRING, &o->program, NULL, NULL},
        {"sysroot", 0, 0, G_OPTION_ARG_STRING, &o->sysroot, NULL, NULL},
        {"state-dir", 0, 0, G_OPTION_ARG_STRING, &o->state_dir, NULL, NULL},
        {"run-dir", 0, 0, G_OPTION_ARG_STRING, &o->run_dir, NULL, NULL},
        {"stream", 0, 0, G_OPTION_ARG_STRING, &o->stream, NULL, NULL},
        {"strategy", 0, 0, G_OPTION_ARG_STRING, &o->strategy, NULL, NULL},
        {"interval", 0, 0, G_OPTION_ARG_INT64, &a->interval_s, NULL, NULL},
        {"users-delay", 0, 0, G_OPTION_ARG_INT64, &a->users_delay_s, NULL, NULL},
        {"stage-tries", 0, 0, G_OPTION_ARG_INT64, &a->stage_tries, NULL, NULL},
        {"staged", 0, 0, G_OPTION_ARG_STRING, &a->staged, NULL, NULL},
        {"staged-version", 0, 0, G_OPTION_ARG_STRING, &a->staged_version, NULL, NULL},
        {"agent-arg", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a->agent_args, NULL, NULL},
        {"reboot-arg", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a->reboot_argv, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return false;
    if (o->program == NULL || o->state_dir == NULL || o->run_dir == NULL || o->stream == NULL ||
        o->strategy == NULL || a->reboot_argv == NULL || a->interval_s <= 0) {
        g_set_error_literal(error, UPDATE_ERROR, UPDATE_ERROR_INVALID,
                            "this program is started by ‘atoll-host agent run’");
        return false;
    }
    static const char *const none[] = {NULL};
    o->policy = (UpdatePolicy){.interval_s = (uint64_t)a->interval_s,
                               .users_delay_s = (uint64_t)a->users_delay_s,
                               .stage_tries = (uint64_t)a->stage_tries};
    o->agent_args = a->agent_args != NULL ? (const char *const *)a->agent_args : none;
    o->reboot_argv = (const char *const *)a->reboot_argv;
    return true;
}

static gboolean on_signal(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    g_auto(Arguments) arguments = {0};
    sigset_t none;
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    base_start();
    /* whoever started this waits for signals in a way of its own, and has blocked them */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    g_unix_signal_add(SIGTERM, on_signal, cancellable);
    g_unix_signal_add(SIGINT, on_signal, cancellable);
    if (!parse(&arguments, &argc, &argv, &error) ||
        !update_agent_run(&arguments.options, arguments.staged, arguments.staged_version,
                          cancellable, &error)) {
        (void)fprintf(stderr, "atoll-host: %s\n", error->message);
        return 1;
    }
    return 0;
}
