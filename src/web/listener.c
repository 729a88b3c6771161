/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The HTTP server: libmicrohttpd's own threads (epoll, one pool), the routing table, caps and
 * the access log. Nothing here knows what is served.
 */
#define G_LOG_DOMAIN "web"

#include "web/listener.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "web/path.h"
#include "web/socket.h"

#include <microhttpd.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_CONNECTIONS = 2048,
    CONNECTION_MEMORY_BYTES = 32 * 1024, /* request line and headers must fit: else 431 */
    IDLE_TIMEOUT_SECONDS = 60,
    DRAIN_MILLISECONDS = 3000,
};

struct _WebListener {
    const WebRoute *routes;
    const WebSite *site;
    char *address;
    unsigned port;
    struct MHD_Daemon *daemon;
    int under_way; /* requests; atomic */
};

/* One request, from its first header to the end of its answer. */
typedef struct {
    int64_t started_us;
    char *method;
    char *target; /* as sent, escaped for the log */
    char *path;   /* decoded */
    char **params;
    const WebRoute *route;
    GByteArray *body;
    bool answered;
    unsigned status;
    uint64_t size_bytes;
} Exchange;

static void exchange_free(Exchange *self)
{
    if (self == NULL)
        return;
    g_free(self->method);
    g_free(self->target);
    g_free(self->path);
    g_strfreev(self->params);
    g_clear_pointer(&self->body, g_byte_array_unref);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Exchange, exchange_free)

static const char *lookup_header(const WebRequest *request, const char *name)
{
    return MHD_lookup_connection_value(request->header_data, MHD_HEADER_KIND, name);
}

static struct MHD_Response *make_mhd_response(WebResponse *response)
{
    struct MHD_Response *made = NULL;
    if (response->fd >= 0) {
        made = MHD_create_response_from_fd_at_offset64(
            response->size_bytes, base_fd_steal(&response->fd), response->offset_bytes);
    } else {
        size_t size = 0;
        const void *data = response->body ? g_bytes_get_data(response->body, &size) : NULL;
        /* libmicrohttpd wants a pointer it could write to, but copies. */
        made =
            MHD_create_response_from_buffer_with_free_callback(size, g_memdup2(data, size), g_free);
    }
    for (unsigned i = 0; made != NULL && i + 1 < response->headers->len; i += 2)
        (void)MHD_add_response_header(made, response->headers->pdata[i],
                                      response->headers->pdata[i + 1]);
    return made;
}

static enum MHD_Result send_response(struct MHD_Connection *connection, Exchange *exchange,
                                     WebResponse *response)
{
    struct MHD_Response *made = make_mhd_response(response);
    if (made == NULL)
        return MHD_NO;
    exchange->answered = true;
    exchange->status = response->status;
    exchange->size_bytes = response->size_bytes;
    enum MHD_Result result = MHD_queue_response(connection, response->status, made);
    MHD_destroy_response(made);
    return result;
}

static WebRequest describe_request(struct MHD_Connection *connection, const Exchange *exchange,
                                   GBytes *body)
{
    return (WebRequest){
        .method = exchange->method,
        .path = exchange->path,
        .params = (const char *const *)exchange->params,
        .body = body,
        .header = lookup_header,
        .header_data = connection,
    };
}

static enum MHD_Result refuse(struct MHD_Connection *connection, Exchange *exchange,
                              unsigned status, const char *message)
{
    WebRequest request = describe_request(connection, exchange, NULL);
    g_autoptr(WebResponse) response = web_response_new_error(&request, status, message);
    return send_response(connection, exchange, response);
}

static enum MHD_Result refuse_method(struct MHD_Connection *connection, Exchange *exchange,
                                     const char *allowed)
{
    WebRequest request = describe_request(connection, exchange, NULL);
    g_autoptr(WebResponse) response =
        web_response_new_error(&request, 405, "this method is not allowed here");
    web_response_add_header(response, "Allow", allowed);
    return send_response(connection, exchange, response);
}

static bool body_is_too_long(struct MHD_Connection *connection, const Exchange *exchange)
{
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    guint64 length = 0;
    return text != NULL && (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &length, NULL) ||
                            length > exchange->route->max_body_bytes);
}

/* What can be said before the body comes is said at once. */
static enum MHD_Result begin(WebListener *self, struct MHD_Connection *connection,
                             Exchange *exchange, const char *url)
{
    exchange->path = web_path_decode(url);
    if (exchange->path == NULL)
        return refuse(connection, exchange, 400, "the path is malformed");
    g_autofree char *allowed = NULL;
    exchange->route =
        web_route_find(self->routes, exchange->method, exchange->path, &exchange->params, &allowed);
    if (exchange->route == NULL && allowed != NULL)
        return refuse_method(connection, exchange, allowed);
    if (exchange->route == NULL)
        return refuse(connection, exchange, 404, "there is nothing here");
    if (body_is_too_long(connection, exchange))
        return refuse(connection, exchange, 413, "the request's body is too long");
    return MHD_YES;
}

static enum MHD_Result finish(WebListener *self, struct MHD_Connection *connection,
                              Exchange *exchange)
{
    if (exchange->body->len > exchange->route->max_body_bytes)
        return refuse(connection, exchange, 413, "the request's body is too long");
    g_autoptr(GBytes) body = g_bytes_new(exchange->body->data, exchange->body->len);
    WebRequest request = describe_request(connection, exchange, body);
    g_autoptr(WebResponse) response = exchange->route->handle(self->site, &request);
    return send_response(connection, exchange, response);
}

static enum MHD_Result on_request(void *user_data, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_bytes, void **state)
{
    WebListener *self = user_data;
    if (*state == NULL) {
        Exchange *exchange = g_new0(Exchange, 1);
        exchange->started_us = g_get_monotonic_time();
        exchange->method = g_strdup(method);
        exchange->target = g_strescape(url, NULL);
        exchange->body = g_byte_array_new();
        *state = exchange;
        g_atomic_int_inc(&self->under_way);
        return begin(self, connection, exchange, url);
    }
    Exchange *exchange = *state;
    if (exchange->answered) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (*upload_bytes > 0) {
        /* One byte past the cap is kept, to know of it; the rest is read and dropped. */
        size_t room = exchange->route->max_body_bytes + 1 - exchange->body->len;
        g_byte_array_append(exchange->body, (const guint8 *)upload,
                            (unsigned)MIN(room, *upload_bytes));
        *upload_bytes = 0;
        return MHD_YES;
    }
    return finish(self, connection, exchange);
}

static char *client_host(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL ? web_socket_print_host(info->client_addr) : g_strdup("?");
}

static void on_completed(void *user_data, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    g_autoptr(Exchange) exchange = *state;
    *state = NULL;
    if (exchange == NULL)
        return;
    WebListener *self = user_data;
    g_atomic_int_add(&self->under_way, -1);
    g_autofree char *client = client_host(connection);
    double milliseconds = (double)(g_get_monotonic_time() - exchange->started_us) / 1000;
    g_autofree char *status_text = g_strdup_printf("%u", exchange->status);
    g_autofree char *bytes_text = g_strdup_printf("%" G_GUINT64_FORMAT, exchange->size_bytes);
    g_autofree char *time_text = g_strdup_printf("%.1f", milliseconds);
    bool aborted = code != MHD_REQUEST_TERMINATED_COMPLETED_OK;
    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "HTTP_CLIENT", client, "HTTP_METHOD",
                     exchange->method, "HTTP_PATH", exchange->target, "HTTP_STATUS", status_text,
                     "HTTP_BYTES", bytes_text, "HTTP_MILLISECONDS", time_text, "MESSAGE",
                     "%s %s %s %s %s bytes %s ms%s", client, exchange->method, exchange->target,
                     status_text, bytes_text, time_text, aborted ? " (aborted)" : "");
}

/* Paths stay as they were sent until web_path_decode() looks at them. */
static size_t keep_escapes(void *user_data, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

static void on_mhd_log(void *user_data, const char *format, va_list args) G_GNUC_PRINTF(2, 0);
static void on_mhd_log(void *user_data, const char *format, va_list args)
{
    g_autofree char *message = g_strdup_vprintf(format, args);
    g_debug("%s", g_strchomp(message));
}

static struct MHD_Daemon *start_daemon(WebListener *self, int socket_fd)
{
    unsigned threads = CLAMP(base_parallel_workers() * 2, 4, 64);
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_mhd_log, NULL},
        {MHD_OPTION_LISTEN_SOCKET, socket_fd, NULL},
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_SECONDS, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, self},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_ITC;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, self, MHD_OPTION_ARRAY, options,
                            MHD_OPTION_END);
}

WebListener *web_listener_new(const char *listen, const WebRoute *routes, const WebSite *site,
                              GError **error)
{
    g_autoptr(WebListener) self = g_new0(WebListener, 1);
    self->routes = routes;
    self->site = site;
    base_autofd socket_fd = web_socket_listen(listen, &self->address, &self->port, error);
    if (socket_fd < 0)
        return NULL;
    self->daemon = start_daemon(self, socket_fd);
    if (self->daemon == NULL) {
        base_error_set(error, BASE_ERROR_FAILED, "cannot start the HTTP server on ‘%s’", listen);
        return NULL;
    }
    (void)base_fd_steal(&socket_fd); /* MHD_stop_daemon() or we after quiescing close it */
    return g_steal_pointer(&self);
}

const char *web_listener_address(const WebListener *self)
{
    return self->address;
}

unsigned web_listener_port(const WebListener *self)
{
    return self->port;
}

void web_listener_free(WebListener *self)
{
    if (self == NULL)
        return;
    if (self->daemon != NULL) {
        base_autofd socket_fd = MHD_quiesce_daemon(self->daemon);
        for (int waited = 0; waited < DRAIN_MILLISECONDS && g_atomic_int_get(&self->under_way) > 0;
             waited += 20)
            g_usleep(20 * 1000);
        MHD_stop_daemon(self->daemon);
    }
    g_free(self->address);
    g_free(self);
}
