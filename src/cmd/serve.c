/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll serve: the HTTP service, until it is told to stop.
 */
#include "cmd/commands.h"

#include "base/error.h"
#include "base/fd.h"
#include "bus/delivery/deliver.h"
#include "cmd/bus/transport-args.h"
#include "cmd/error.h"
#include "web/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_LISTEN "127.0.0.1:8080"

const CmdOption cmd_serve_options[] = {
    {.name = "listen",
     .metavar = "ADDRESS:PORT",
     .help = "where to listen (default: " DEFAULT_LISTEN "); port 0 picks a free one"},
    {.name = "repo",
     .metavar = "DIR",
     .help = "published repository (default: STATE/repo, if it is there)"},
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    {.name = "tls-cert", .metavar = "FILE", .help = "speak TLS with this certificate (PEM)"},
    {.name = "tls-key", .metavar = "FILE", .help = "its private key (PEM)"},
    {.name = "client-ca",
     .metavar = "FILE",
     .help = "who may vouch for clients that publish with a certificate (PEM)"},
    {.name = "deliver",
     .help = "also deliver to webhooks and people, as ‘atoll bus deliver --standby’ does"},
    CMD_BUS_OPTIONS_MAIL,
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

/* Ten thousand followers are as many descriptors. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool load_tls(const CmdArgs *args, WebTls **out_tls, GError **error)
{
    const char *certificate = cmd_args_string(args, "tls-cert");
    const char *key = cmd_args_string(args, "tls-key");
    const char *client_ca = cmd_args_string(args, "client-ca");
    *out_tls = NULL;
    if (certificate == NULL && key == NULL && client_ca == NULL)
        return true;
    if (certificate == NULL || key == NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "TLS needs both --tls-cert and --tls-key%s",
                    client_ca != NULL ? ", and --client-ca needs TLS" : "");
        return false;
    }
    *out_tls = web_tls_load(certificate, key, client_ca, error);
    return *out_tls != NULL;
}

static WebSite *open_site(const CmdArgs *args, bool secure, GError **error)
{
    g_autofree char *state = cmd_args_state_dir(args);
    g_autofree char *database = cmd_args_database(args);
    const char *given = cmd_args_string(args, "repo");
    g_autofree char *usual = g_build_filename(state, "repo", NULL);
    WebSiteOptions options = {
        .repo_path = given != NULL ? given : usual,
        .repo_may_be_missing = given == NULL,
        .database = database,
        .state_dir = state,
        .secure = secure,
    };
    if (!base_fd_make_dirs(AT_FDCWD, state, 0755, error))
        return NULL;
    return web_site_new(&options, error);
}

/* What the thread that delivers works with. */
typedef struct {
    BusDeliverOptions options;
    char *password;
    char *database;
    char *state;
    GCancellable *cancellable;
    GThread *thread;
} Deliverer;

static gpointer deliver(gpointer data)
{
    Deliverer *self = data;
    g_autoptr(GError) error = NULL;
    if (!bus_deliver_standby(self->database, self->state, &self->options, self->cancellable,
                             &error))
        g_warning("delivering ended: %s", error->message);
    return NULL;
}

static void deliverer_clear(Deliverer *self)
{
    if (self->thread != NULL) {
        g_cancellable_cancel(self->cancellable);
        g_thread_join(self->thread);
    }
    g_free(self->password);
    g_free(self->database);
    g_free(self->state);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Deliverer, deliverer_clear)

static bool start_deliverer(Deliverer *self, const CmdArgs *args, GCancellable *cancellable,
                            GError **error)
{
    if (!cmd_bus_deliver_read_options(args, &self->options, &self->password, error))
        return false;
    if (!cmd_args_flag(args, "deliver"))
        return true;
    self->database = cmd_args_database(args);
    self->state = cmd_args_state_dir(args);
    self->cancellable = cancellable;
    self->thread = g_thread_try_new("deliver", deliver, self, error);
    return self->thread != NULL;
}

CmdExit cmd_serve_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *listen = cmd_args_string(args, "listen");
    bool quiet = cmd_args_flag(args, "quiet");
    g_log_set_writer_func(quiet ? write_no_access_log : write_log, NULL, NULL);
    /* A client that goes away while sendfile() writes to it must not end the service. */
    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptors();

    g_autoptr(WebTls) tls = NULL;
    g_auto(Deliverer) deliverer = {0};
    if (!load_tls(args, &tls, error))
        return CMD_EXIT_FAILED;
    g_autoptr(WebSite) site = open_site(args, tls != NULL, error);
    if (site == NULL)
        return CMD_EXIT_FAILED;
    WebListenerOptions options = {.listen = listen != NULL ? listen : DEFAULT_LISTEN, .tls = tls};
    g_autoptr(WebListener) listener = web_listener_new(&options, web_routes, site, error);
    if (listener == NULL || !start_deliverer(&deliverer, args, cancellable, error) ||
        !write_port_file(cmd_args_string(args, "port-file"), web_listener_port(listener), error)) {
        web_site_stop(site);
        return CMD_EXIT_FAILED;
    }
    printf("listening on %s://%s/\n", tls != NULL ? "https" : "http",
           web_listener_address(listener));
    (void)fflush(stdout);
    wait_for_signal(cancellable);
    web_site_stop(site);
    return CMD_EXIT_DONE;
}
