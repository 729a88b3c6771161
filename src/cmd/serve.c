/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll serve: the HTTP service, until it is told to stop.
 */
#include "cmd/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "web/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_LISTEN "127.0.0.1:8080"

const CmdOption cmd_serve_options[] = {
    {.name = "listen",
     .metavar = "ADDRESS:PORT",
     .help = "where to listen (default: " DEFAULT_LISTEN "); port 0 picks a free one"},
    {.name = "repo", .metavar = "DIR", .help = "published repository (default: STATE/repo)"},
    CMD_OPTION_STATE,
    {.name = "port-file", .metavar = "FILE", .help = "write the port number there once it listens"},
    CMD_OPTION_QUIET,
    {0},
};

/* To the journal with all fields when that is where standard error goes, else one line. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                  gpointer user_data)
{
    bool is_info = (level & G_LOG_LEVEL_MASK) == G_LOG_LEVEL_INFO;
    if (!is_info || g_log_writer_is_journald(fileno(stderr)))
        return g_log_writer_default(level, fields, n_fields, user_data);
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            fprintf(stderr, "%s\n", (const char *)fields[i].value);
    }
    return G_LOG_WRITER_HANDLED;
}

static GLogWriterOutput write_no_access_log(GLogLevelFlags level, const GLogField *fields,
                                            gsize n_fields, gpointer user_data)
{
    bool is_info = (level & G_LOG_LEVEL_MASK) == G_LOG_LEVEL_INFO;
    return is_info ? G_LOG_WRITER_HANDLED
                   : g_log_writer_default(level, fields, n_fields, user_data);
}

static void wait_for_signal(GCancellable *cancellable)
{
    GPollFD poll_fd;
    if (!g_cancellable_make_pollfd(cancellable, &poll_fd))
        g_error("out of file descriptors");
    while (!g_cancellable_is_cancelled(cancellable))
        (void)g_poll(&poll_fd, 1, -1);
    g_cancellable_release_fd(cancellable);
}

static bool write_port_file(const char *path, unsigned port, GError **error)
{
    if (path == NULL)
        return true;
    g_autofree char *text = g_strdup_printf("%u\n", port);
    return base_fd_replace_file(AT_FDCWD, path, text, strlen(text), 0644, BASE_FD_REPLACE_NO_SYNC,
                                error);
}

CmdExit cmd_serve_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *listen = cmd_args_string(args, "listen");
    g_autofree char *state = cmd_args_state_dir(args);
    g_autofree char *repo = cmd_args_string(args, "repo") != NULL
                                ? g_strdup(cmd_args_string(args, "repo"))
                                : g_build_filename(state, "repo", NULL);
    bool quiet = cmd_args_flag(args, "quiet");
    g_log_set_writer_func(quiet ? write_no_access_log : write_log, NULL, NULL);
    /* A client that goes away while sendfile() writes to it must not end the service. */
    (void)signal(SIGPIPE, SIG_IGN);

    g_autoptr(WebSite) site = web_site_new(repo, error);
    if (site == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(WebListener) listener =
        web_listener_new(listen != NULL ? listen : DEFAULT_LISTEN, web_routes, site, error);
    if (listener == NULL ||
        !write_port_file(cmd_args_string(args, "port-file"), web_listener_port(listener), error))
        return CMD_EXIT_FAILED;
    printf("listening on http://%s/\n", web_listener_address(listener));
    (void)fflush(stdout);
    wait_for_signal(cancellable);
    return CMD_EXIT_DONE;
}
