/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Single requests against a server that answers what the test says.
 */
#include "base/error.h"
#include "base/http-call.h"

#include <string.h>

typedef struct {
    GSocketListener *listener; /* owned */
    const char *reply;
    size_t body_bytes; /* of the request, to be read before the answer */
    GString *request;  /* owned */
    GThread *thread;
    char *url; /* owned */
} Server;

static void *serve_once(void *data)
{
    Server *server = data;
    g_autoptr(GSocketConnection) connection =
        g_socket_listener_accept(server->listener, NULL, NULL, NULL);
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    char byte;
    while (strstr(server->request->str, "\r\n\r\n") == NULL &&
           g_input_stream_read(in, &byte, 1, NULL, NULL) == 1)
        g_string_append_c(server->request, byte);
    for (size_t i = 0; i < server->body_bytes; i++)
        if (g_input_stream_read(in, &byte, 1, NULL, NULL) == 1)
            g_string_append_c(server->request, byte);
    g_output_stream_write_all(out, server->reply, strlen(server->reply), NULL, NULL, NULL);
    return NULL;
}

static void server_start(Server *self, const char *reply, size_t body_bytes)
{
    *self = (Server){.listener = g_socket_listener_new(),
                     .reply = reply,
                     .body_bytes = body_bytes,
                     .request = g_string_new(NULL)};
    guint16 port = g_socket_listener_add_any_inet_port(self->listener, NULL, NULL);
    self->url = g_strdup_printf("http://127.0.0.1:%u/path?token=secret", port);
    self->thread = g_thread_new("server", serve_once, self);
}

static void server_clear(Server *self)
{
    g_thread_join(self->thread);
    g_object_unref(self->listener);
    g_string_free(self->request, TRUE);
    g_free(self->url);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Server, server_clear)

static void test_post(void)
{
    static const char *const headers[] = {"fleet-lock-protocol: true", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) body = g_bytes_new_static("{\"a\": 1}", 8);
    g_auto(BaseHttpAnswer) answer = {0};
    g_auto(Server) server;
    server_start(&server, "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy", 8);
    BaseHttpCall call = {
        .url = server.url, .headers = headers, .body = body, .max_bytes = 100, .timeout_ms = 20000};
    g_assert_true(base_http_call(&call, &answer, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(answer.status, ==, 503);
    g_assert_cmpuint(answer.retry_after_s, ==, 7);
    g_assert_cmpuint(g_bytes_get_size(answer.body), ==, 4);
    g_assert_cmpint(memcmp(g_bytes_get_data(answer.body, NULL), "busy", 4), ==, 0);
    g_assert_true(g_str_has_prefix(server.request->str, "POST /path?token=secret HTTP/1.1\r\n"));
    g_assert_nonnull(strstr(server.request->str, "\r\nfleet-lock-protocol: true\r\n"));
    g_assert_true(g_str_has_suffix(server.request->str, "\r\n\r\n{\"a\": 1}"));
}

static void test_redirect_is_handed_back(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(BaseHttpAnswer) answer = {0};
    g_auto(Server) server;
    server_start(&server,
                 "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
                 0);
    BaseHttpCall call = {.url = server.url, .max_bytes = 100, .timeout_ms = 20000};
    g_assert_true(base_http_call(&call, &answer, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(answer.status, ==, 302);
}

static void refused(const char *reply, unsigned timeout_ms, int code)
{
    g_autoptr(GError) error = NULL;
    g_auto(BaseHttpAnswer) answer = {0};
    g_auto(Server) server;
    server_start(&server, reply, 0);
    BaseHttpCall call = {.url = server.url, .max_bytes = 3, .timeout_ms = timeout_ms};
    g_assert_false(base_http_call(&call, &answer, NULL, &error));
    g_assert_error(error, BASE_ERROR, code);
    g_assert_null(strstr(error->message, "secret"));
    g_assert_nonnull(strstr(error->message, "/path"));
}

static void test_refused(void)
{
    refused("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong", 20000, BASE_ERROR_INVALID);
    refused("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nx", 20000, BASE_ERROR_HTTP);
    refused("", 20000, BASE_ERROR_HTTP);
}

static void test_cancelled(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(BaseHttpAnswer) answer = {0};
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_auto(Server) server;
    server_start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);
    BaseHttpCall call = {.url = server.url, .max_bytes = 3, .timeout_ms = 20000};
    g_assert_true(base_http_call(&call, &answer, cancellable, &error));
    g_cancellable_cancel(cancellable);
    g_assert_false(base_http_call(&call, &answer, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void test_public_url(void)
{
    static const char *const rows[][2] = {
        {"https://user:pass@example.org:8443/a/b?key=x#f", "https://example.org:8443/a/b"},
        {"http://[::1]/", "http://[::1]/"},
        {"nonsense", "(not a URL)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *url = base_http_public_url(rows[i][0]);
        g_assert_cmpstr(url, ==, rows[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/http-call/post", test_post);
    g_test_add_func("/base/http-call/redirect", test_redirect_is_handed_back);
    g_test_add_func("/base/http-call/refused", test_refused);
    g_test_add_func("/base/http-call/cancelled", test_cancelled);
    g_test_add_func("/base/http-call/public-url", test_public_url);
    return g_test_run();
}
