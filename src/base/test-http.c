/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fetching from a server that behaves as badly as its paths say.
 */
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/http.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define BODY_BYTES 300000u

typedef struct {
    GMutex mutex;
    GMainLoop *loop;
    GThread *thread;
    uint16_t port;
    unsigned n_requests;
    char *last_request;
    char *body;
    char *sha256;
    char *directory;
} Server;

static Server server;

static void put(GOutputStream *out, const char *head, const char *body, size_t size_bytes)
{
    g_output_stream_write_all(out, head, strlen(head), NULL, NULL, NULL);
    g_output_stream_write_all(out, body, size_bytes, NULL, NULL, NULL);
}

static void put_status(GOutputStream *out, const char *status)
{
    g_autofree char *head =
        g_strdup_printf("HTTP/1.1 %s\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", status);
    put(out, head, "nope\n", 5);
}

static void put_body(GOutputStream *out, const char *request, const char *extra)
{
    const char *range = strstr(request, "Range: bytes=");
    const char *if_range = strstr(request, "If-Range: ");
    size_t from = range != NULL ? (size_t)g_ascii_strtoull(range + 13, NULL, 10) : 0;
    if (if_range != NULL && !g_str_has_prefix(if_range, "If-Range: \"v1\"\r\n"))
        from = 0;
    g_autofree char *head =
        g_strdup_printf("HTTP/1.1 %s\r\nContent-Length: %zu\r\nContent-Range: bytes %zu-%u/%u\r\n%s"
                        "Connection: close\r\n\r\n",
                        from > 0 ? "206 Partial Content" : "200 OK", BODY_BYTES - from, from,
                        BODY_BYTES - 1, BODY_BYTES, extra);
    put(out, head, server.body + from, BODY_BYTES - from);
}

static void put_half(GOutputStream *out)
{
    g_autofree char *head = g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %u\r\n"
                                            "ETag: \"v1\"\r\nConnection: close\r\n\r\n",
                                            BODY_BYTES);
    put(out, head, server.body, BODY_BYTES / 2);
}

static void answer(GOutputStream *out, const char *request, unsigned n_requests)
{
    g_autofree char *path = g_strndup(request + 4, strcspn(request + 4, " "));
    if (strcmp(path, "/plain") == 0)
        put_body(out, request, "ETag: \"v1\"\r\n");
    else if (strcmp(path, "/no-range") == 0)
        put_body(out, "", "");
    else if (strcmp(path, "/busy-once") == 0 && n_requests == 1)
        put_status(out, "503 Service Unavailable");
    else if (strcmp(path, "/wait-once") == 0 && n_requests == 1)
        put_status(out, "429 Too Many Requests\r\nRetry-After: 1");
    else if (strcmp(path, "/cut-once") == 0 && n_requests == 1)
        put_half(out);
    else if (strcmp(path, "/cut-changed") == 0 && n_requests == 1)
        put_half(out);
    else if (strcmp(path, "/cut-changed") == 0)
        put_body(out, "", "ETag: \"v2\"\r\n");
    else if (strcmp(path, "/range-unsatisfiable") == 0 && strstr(request, "Range:") != NULL)
        put_status(out, "416 Range Not Satisfiable");
    else if (strcmp(path, "/redirect") == 0)
        put_status(out, "302 Found\r\nLocation: /plain");
    else if (strcmp(path, "/loop") == 0)
        put_status(out, "302 Found\r\nLocation: /loop");
    else if (strcmp(path, "/to-file") == 0)
        put_status(out, "302 Found\r\nLocation: file:///etc/passwd");
    else if (strcmp(path, "/dated") == 0 && strstr(request, "If-Modified-Since:") != NULL)
        put(out, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", "", 0);
    else if (strcmp(path, "/dated") == 0)
        put_body(out, "", "Last-Modified: Sat, 11 Jul 2020 10:16:37 GMT\r\n");
    else if (strcmp(path, "/broken") == 0)
        put_status(out, "500 Internal Server Error");
    else if (strcmp(path, "/missing") == 0)
        put_status(out, "404 Not Found");
    else
        put_body(out, request, "");
}

static gboolean on_run(GThreadedSocketService *service, GSocketConnection *connection,
                       GObject *source, gpointer unused)
{
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    g_autoptr(GString) request = g_string_new(NULL);
    char byte;
    while (strstr(request->str, "\r\n\r\n") == NULL &&
           g_input_stream_read(in, &byte, 1, NULL, NULL) == 1)
        g_string_append_c(request, byte);
    g_mutex_lock(&server.mutex);
    unsigned n_requests = ++server.n_requests;
    g_free(server.last_request);
    server.last_request = g_strdup(request->str);
    g_mutex_unlock(&server.mutex);
    answer(g_io_stream_get_output_stream(G_IO_STREAM(connection)), request->str, n_requests);
    return TRUE;
}

static gpointer run_server(gpointer ready)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_main_context_push_thread_default(context);
    g_autoptr(GSocketService) service = g_threaded_socket_service_new(40);
    g_signal_connect(service, "run", G_CALLBACK(on_run), NULL);
    server.port = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(service), NULL, NULL);
    server.loop = g_main_loop_new(context, FALSE);
    g_async_queue_push(ready, service);
    g_main_loop_run(server.loop);
    g_main_context_pop_thread_default(context);
    return NULL;
}

static void start_server(void)
{
    g_autoptr(GAsyncQueue) ready = g_async_queue_new();
    server.body = g_malloc(BODY_BYTES);
    for (size_t i = 0; i < BODY_BYTES; i++)
        server.body[i] = (char)(i * 7 + i / 251);
    server.sha256 = base_sha256_hex(server.body, BODY_BYTES);
    server.directory = g_dir_make_tmp("atoll-http-XXXXXX", NULL);
    server.thread = g_thread_new("server", run_server, ready);
    (void)g_async_queue_pop(ready);
}

static void stop_server(void)
{
    g_main_loop_quit(server.loop);
    g_thread_join(server.thread);
    g_main_loop_unref(server.loop);
    g_autoptr(GError) error = NULL;
    g_assert_true(base_fd_remove_tree(AT_FDCWD, server.directory, &error));
    g_free(server.directory);
    g_free(server.body);
    g_free(server.sha256);
    g_free(server.last_request);
}

/* --- one item --- */

typedef struct {
    char *url;
    char *path;
    char *part;
    BaseHttpItem item;
} Fixture;

static void fixture_init(Fixture *self, const char *url_path, bool with_digest)
{
    static unsigned n;
    self->url = g_strdup_printf("http://127.0.0.1:%u%s", server.port, url_path);
    self->path = g_strdup_printf("%s/file-%u", server.directory, n++);
    self->part = g_strconcat(self->path, ".part", NULL);
    self->item = (BaseHttpItem){.url = self->url, .path = self->path};
    if (with_digest) {
        self->item.sha256 = server.sha256;
        self->item.size_bytes = BODY_BYTES;
    }
    server.n_requests = 0;
}

static void fixture_clear(Fixture *self)
{
    g_free(self->url);
    g_free(self->path);
    g_free(self->part);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void assert_fetches(Fixture *self, unsigned n_requests)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *contents = NULL;
    gsize size_bytes = 0;
    g_assert_true(base_http_fetch_all(&self->item, 1, NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(server.n_requests, ==, n_requests);
    g_assert_true(g_file_get_contents(self->path, &contents, &size_bytes, &error));
    g_assert_cmpmem(contents, (int)size_bytes, server.body, BODY_BYTES);
    g_assert_cmpint(access(self->part, F_OK), !=, 0);
}

static void assert_fails(Fixture *self, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *wanted = g_strdup_printf("fetching ‘%s’: %s", self->url, message);
    g_assert_false(base_http_fetch_all(&self->item, 1, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, code);
    g_assert_cmpstr(error->message, ==, wanted);
    g_assert_cmpint(access(self->path, F_OK), !=, 0);
    g_assert_cmpint(access(self->part, F_OK), !=, 0);
}

static void put_part(const Fixture *self, const char *bytes, size_t size_bytes)
{
    g_assert_true(g_file_set_contents(self->part, bytes, (gssize)size_bytes, NULL));
}

static void test_whole(void)
{
    static const struct {
        const char *path;
        unsigned n_requests;
    } cases[] = {
        {"/plain", 1},    {"/no-range", 1},    {"/busy-once", 2}, {"/wait-once", 2},
        {"/cut-once", 2}, {"/cut-changed", 2}, {"/redirect", 2},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        for (int with_digest = 0; with_digest < 2; with_digest++) {
            g_auto(Fixture) fixture;
            fixture_init(&fixture, cases[i].path, with_digest != 0);
            assert_fetches(&fixture, cases[i].n_requests);
        }
}

static void test_resume(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "/plain", true);
    put_part(&fixture, server.body, 1000);
    assert_fetches(&fixture, 1);
    g_assert_nonnull(strstr(server.last_request, "Range: bytes=1000-\r\n"));
}

static void test_resume_without_digest(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "/plain", false);
    put_part(&fixture, "another version", 15);
    assert_fetches(&fixture, 1);
    g_assert_null(strstr(server.last_request, "Range:"));
}

static void test_resume_of_wrong_part(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "/plain", true);
    put_part(&fixture, "something else", 14);
    assert_fetches(&fixture, 2);
}

static void test_resume_refused(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "/no-range", true);
    put_part(&fixture, server.body, 1000);
    assert_fetches(&fixture, 1);
    g_auto(Fixture) other;
    fixture_init(&other, "/range-unsatisfiable", true);
    put_part(&other, server.body, 1000);
    assert_fetches(&other, 2);
}

static void test_part_is_complete(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "/missing", true);
    put_part(&fixture, server.body, BODY_BYTES);
    assert_fetches(&fixture, 0);
}

static void test_failures(void)
{
    g_auto(Fixture) missing;
    fixture_init(&missing, "/missing", false);
    assert_fails(&missing, BASE_ERROR_NOT_FOUND, "there is no such file");

    g_auto(Fixture) broken;
    fixture_init(&broken, "/broken", false);
    assert_fails(&broken, BASE_ERROR_HTTP, "the server answered with status 500");
    g_assert_cmpuint(server.n_requests, ==, 5);

    g_auto(Fixture) loop;
    fixture_init(&loop, "/loop", false);
    assert_fails(&loop, BASE_ERROR_HTTP, "Maximum (10) redirects followed");

    g_auto(Fixture) to_file;
    fixture_init(&to_file, "/to-file", false);
    assert_fails(&to_file, BASE_ERROR_HTTP,
                 "Protocol \"file\" not supported or disabled in libcurl");

    g_auto(Fixture) longer;
    fixture_init(&longer, "/plain", false);
    longer.item.max_bytes = 1000;
    assert_fails(&longer, BASE_ERROR_INVALID, "it is longer than 1000 bytes");

    g_auto(Fixture) shorter;
    fixture_init(&shorter, "/plain", false);
    shorter.item.size_bytes = BODY_BYTES + 1;
    assert_fails(&shorter, BASE_ERROR_INVALID, "it has 300000 bytes, wanted 300001");
}

static void test_wrong_digest(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "/plain", true);
    fixture.item.sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    g_autofree char *message =
        g_strdup_printf("its SHA-256 is %s, wanted %s", server.sha256, fixture.item.sha256);
    assert_fails(&fixture, BASE_ERROR_INVALID, message);
}

static void test_optional(void)
{
    g_auto(Fixture) fixture;
    g_autoptr(GError) error = NULL;
    fixture_init(&fixture, "/missing", false);
    fixture.item.optional = true;
    g_assert_true(base_http_fetch_all(&fixture.item, 1, NULL, NULL, &error));
    g_assert_true(fixture.item.out_missing);
    g_assert_cmpint(access(fixture.part, F_OK), !=, 0);
}

static void test_only_if_newer(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "/dated", false);
    fixture.item.only_if_newer = true;
    assert_fetches(&fixture, 1);
    g_assert_false(fixture.item.out_unchanged);
    assert_fetches(&fixture, 2);
    g_assert_true(fixture.item.out_unchanged);
}

static void test_file_url(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "", true);
    g_autofree char *source = g_build_filename(server.directory, "source", NULL);
    g_assert_true(g_file_set_contents(source, server.body, BODY_BYTES, NULL));
    g_autofree char *url = g_strconcat("file://", source, NULL);
    fixture.item.url = url;
    assert_fetches(&fixture, 0);
    g_assert_cmpint(g_unlink(fixture.path), ==, 0);
    put_part(&fixture, server.body, 1000);
    assert_fetches(&fixture, 0);

    g_autofree char *none = g_strconcat(url, "-none", NULL);
    fixture.item.url = none;
    fixture.item.optional = true;
    g_autoptr(GError) error = NULL;
    g_assert_true(base_http_fetch_all(&fixture.item, 1, NULL, NULL, &error));
    g_assert_true(fixture.item.out_missing);
}

static void on_update(uint64_t done, uint64_t total, const char *unit, void *user_data)
{
    uint64_t *seen = user_data;
    g_assert_cmpstr(unit, ==, "bytes");
    g_assert_cmpuint(done, <=, total);
    seen[0] = done;
    seen[1] = total;
}

static void test_many(void)
{
    enum { N = 100 };
    Fixture fixtures[N];
    BaseHttpItem items[N];
    uint64_t seen[2] = {0};
    BaseProgress progress = {.update = on_update, .user_data = seen};
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < N; i++) {
        fixture_init(&fixtures[i], "/plain", true);
        items[i] = fixtures[i].item;
    }
    g_assert_true(base_http_fetch_all(items, N, &progress, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(seen[0], ==, N * (uint64_t)BODY_BYTES);
    g_assert_cmpuint(seen[1], ==, N * (uint64_t)BODY_BYTES);
    for (size_t i = 0; i < N; i++) {
        g_assert_cmpint(access(fixtures[i].path, F_OK), ==, 0);
        fixture_clear(&fixtures[i]);
    }
}

static void test_cancelled(void)
{
    g_auto(Fixture) fixture;
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    fixture_init(&fixture, "/plain", true);
    g_cancellable_cancel(cancellable);
    g_assert_false(base_http_fetch_all(&fixture.item, 1, NULL, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/http/whole", test_whole);
    g_test_add_func("/base/http/resume", test_resume);
    g_test_add_func("/base/http/resume-without-digest", test_resume_without_digest);
    g_test_add_func("/base/http/resume-of-wrong-part", test_resume_of_wrong_part);
    g_test_add_func("/base/http/resume-refused", test_resume_refused);
    g_test_add_func("/base/http/part-is-complete", test_part_is_complete);
    g_test_add_func("/base/http/failures", test_failures);
    g_test_add_func("/base/http/wrong-digest", test_wrong_digest);
    g_test_add_func("/base/http/optional", test_optional);
    g_test_add_func("/base/http/only-if-newer", test_only_if_newer);
    g_test_add_func("/base/http/file-url", test_file_url);
    g_test_add_func("/base/http/many", test_many);
    g_test_add_func("/base/http/cancelled", test_cancelled);
    start_server();
    int status = g_test_run();
    stop_server();
    return status;
}
