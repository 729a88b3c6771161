/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's socket: a request a connection, root's alone; and its clients' side.
 */
#include "update/agent-private.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define REQUEST_MAX_CHARS 64
#define TIMEOUT_S 30

static GSocketAddress *make_address(const char *run_dir)
{
    g_autofree char *path = g_build_filename(run_dir, UPDATE_AGENT_SOCKET_NAME, NULL);
    return g_unix_socket_address_new(path);
}

static void answer(GSocketConnection *connection, bool ok, const char *text)
{
    g_autofree char *line = g_strdup_printf("%s %s\n", ok ? "ok" : "refused", text);
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    /* a client that has gone needs no answer */
    (void)g_output_stream_write_all(out, line, strlen(line), NULL, NULL, NULL);
}

static void on_request(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GSocketConnection *connection = g_object_get_data(source, "connection");
    UpdateAgent *self = user_data;
    const char *text = "unknown request";
    g_autofree char *line =
        g_data_input_stream_read_line_finish_utf8(G_DATA_INPUT_STREAM(source), result, NULL, NULL);
    if (self->stopping)
        return;
    bool ok =
        line != NULL && strlen(line) <= REQUEST_MAX_CHARS && update_agent_take(self, line, &text);
    answer(connection, ok, text);
    (void)g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
                            gpointer user_data)
{
    (void)service, (void)source;
    UpdateAgent *self = user_data;
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    g_autoptr(GDataInputStream) lines = g_data_input_stream_new(in);
    g_socket_set_timeout(g_socket_connection_get_socket(connection), TIMEOUT_S);
    /* the stream owns the connection until its line has come */
    g_object_set_data_full(G_OBJECT(lines), "connection", g_object_ref(connection), g_object_unref);
    g_data_input_stream_read_line_async(lines, G_PRIORITY_DEFAULT, self->cancellable, on_request,
                                        self);
    return TRUE;
}

bool update_agent_listen(UpdateAgent *self, GError **error)
{
    g_autofree char *path =
        g_build_filename(self->options->run_dir, UPDATE_AGENT_SOCKET_NAME, NULL);
    g_autoptr(GSocketAddress) address = make_address(self->options->run_dir);
    g_autofree char *ignored = NULL;
    if (update_agent_request(self->options->run_dir, "ping", &ignored, NULL) || ignored != NULL) {
        g_set_error_literal(error, UPDATE_ERROR, UPDATE_ERROR_FAILED, "an agent runs already");
        return false;
    }
    (void)g_unlink(path);
    self->service = g_socket_service_new();
    mode_t mask = umask(0177);
    bool ok = g_socket_listener_add_address(G_SOCKET_LISTENER(self->service), address,
                                            G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL,
                                            NULL, error);
    (void)umask(mask);
    if (!ok)
        return false;
    g_signal_connect(self->service, "incoming", G_CALLBACK(on_incoming), self);
    return true;
}

void update_agent_close(UpdateAgent *self)
{
    if (self->service == NULL)
        return;
    g_autofree char *path =
        g_build_filename(self->options->run_dir, UPDATE_AGENT_SOCKET_NAME, NULL);
    g_socket_service_stop(self->service);
    g_socket_listener_close(G_SOCKET_LISTENER(self->service));
    g_clear_object(&self->service);
    (void)g_unlink(path);
}

bool update_agent_request(const char *run_dir, const char *request, char **out_answer,
                          GError **error)
{
    g_autoptr(GSocketAddress) address = make_address(run_dir);
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autofree char *line = g_strconcat(request, "\n", NULL);
    g_socket_client_set_timeout(client, TIMEOUT_S);
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, NULL);
    if (connection == NULL) {
        g_set_error_literal(error, UPDATE_ERROR, UPDATE_ERROR_FAILED,
                            "no agent runs on this host; ‘systemctl start atoll-host-agent’ "
                            "starts it");
        return false;
    }
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    g_autoptr(GDataInputStream) lines =
        g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    g_autofree char *reply = NULL;
    if (g_output_stream_write_all(out, line, strlen(line), NULL, NULL, NULL))
        reply = g_data_input_stream_read_line_utf8(lines, NULL, NULL, NULL);
    const char *space = reply != NULL ? strchr(reply, ' ') : NULL;
    if (space == NULL) {
        g_set_error_literal(error, UPDATE_ERROR, UPDATE_ERROR_FAILED, "the agent does not answer");
        return false;
    }
    g_free(*out_answer);
    *out_answer = g_strdup(space + 1);
    if (g_str_has_prefix(reply, "ok "))
        return true;
    g_set_error(error, UPDATE_ERROR, UPDATE_ERROR_FAILED, "the agent refuses: %s", space + 1);
    return false;
}
