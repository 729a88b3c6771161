/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The HTTP server: libmicrohttpd's own threads (epoll, one pool), workers for what blocks, the
 * routing table and the caps. Nothing here knows what is served.
 */
#define G_LOG_DOMAIN "web"

#include "web/listener.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "web/exchange.h"
#include "web/path.h"
#include "web/socket.h"

#include <microhttpd.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    MIN_CONNECTIONS = 64,
    MAX_CONNECTIONS = 65536,
    RESERVED_DESCRIPTORS = 256,          /* files under way, the database, ourselves */
    CONNECTION_MEMORY_BYTES = 32 * 1024, /* request line and headers must fit: else 431 */
    IDLE_TIMEOUT_SECONDS = 60,
    DRAIN_MILLISECONDS = 3000,
    MAX_WAITING = 1024, /* requests that wait for a worker: past it, 503 */
};

struct _WebListener {
    const WebRoute *routes;
    const WebSite *site;
    const WebTls *tls;
    char *address;
    unsigned port;
    struct MHD_Daemon *daemon;
    GMutex lock; /* of both pools: none is given work after it is gone */
    GThreadPool *workers;
    GThreadPool *searchers;
    int under_way; /* requests; atomic */
};

static enum MHD_Result refuse_method(WebExchange *exchange, const char *allowed)
{
    WebRequest request = web_exchange_describe(exchange, NULL);
    g_autoptr(WebResponse) response =
        web_response_new_error(&request, 405, "this method is not allowed here");
    web_response_add_header(response, "Allow", allowed);
    return web_exchange_send(exchange, response);
}

static bool body_is_too_long(const WebExchange *exchange)
{
    const char *text = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_LENGTH);
    guint64 length = 0;
    return text != NULL && (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &length, NULL) ||
                            length > exchange->route->max_body_bytes);
}

static bool check_peer(const WebListener *self, WebExchange *exchange)
{
    if (self->tls == NULL || self->tls->client_ca == NULL)
        return true;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == NULL ||
           web_tls_check_peer(info->tls_session, &exchange->peer) != WEB_TLS_PEER_REFUSED;
}

/* What can be said before the body comes is said at once. */
static enum MHD_Result begin(WebListener *self, WebExchange *exchange, const char *url,
                             const char *method)
{
    exchange->begun = true;
    exchange->method = g_strdup(method);
    exchange->body = g_byte_array_new();
    exchange->path = web_path_decode(url);
    if (exchange->path == NULL)
        return web_exchange_refuse(exchange, 400, "the path is malformed");
    if (!check_peer(self, exchange))
        return web_exchange_refuse(exchange, 403, "the client certificate is not trusted here");
    g_autofree char *allowed = NULL;
    exchange->route =
        web_route_find(self->routes, exchange->method, exchange->path, &exchange->params, &allowed);
    if (exchange->route == NULL && allowed != NULL)
        return refuse_method(exchange, allowed);
    if (exchange->route == NULL)
        return web_exchange_refuse(exchange, 404, "there is nothing here");
    if (body_is_too_long(exchange))
        return web_exchange_refuse(exchange, 413, "the request's body is too long");
    return MHD_YES;
}

static WebResponse *handle(WebListener *self, WebExchange *exchange)
{
    g_autoptr(GBytes) body = g_byte_array_free_to_bytes(g_steal_pointer(&exchange->body));
    WebRequest request = web_exchange_describe(exchange, body);
    g_autoptr(WebResponse) response = exchange->route->handle(self->site, &request);
    return g_steal_pointer(&response);
}

static void work(gpointer data, gpointer user_data)
{
    WebExchange *exchange = data;
    exchange->response = handle(user_data, exchange);
    MHD_resume_connection(exchange->connection);
}

/* The connection sleeps until a worker has the answer; then on_request() is called again. */
static enum MHD_Result hand_over(WebListener *self, WebExchange *exchange)
{
    g_mutex_lock(&self->lock);
    bool search = (exchange->route->flags & WEB_ROUTE_SEARCH) != 0;
    GThreadPool *pool = search ? self->searchers : self->workers;
    bool taken = pool != NULL && g_thread_pool_unprocessed(pool) < MAX_WAITING;
    if (taken) {
        MHD_suspend_connection(exchange->connection);
        (void)g_thread_pool_push(pool, exchange, NULL);
    }
    g_mutex_unlock(&self->lock);
    return taken ? MHD_YES : web_exchange_refuse(exchange, 503, "the server is too busy");
}

static enum MHD_Result finish(WebListener *self, WebExchange *exchange)
{
    if (exchange->response != NULL)
        return web_exchange_send(exchange, exchange->response);
    if (exchange->body->len > exchange->route->max_body_bytes)
        return web_exchange_refuse(exchange, 413, "the request's body is too long");
    if (exchange->route->flags != 0)
        return hand_over(self, exchange);
    g_autoptr(WebResponse) response = handle(self, exchange);
    return web_exchange_send(exchange, response);
}

/* The first to see a request: the whole target is here only. */
static void *on_target(void *user_data, const char *uri, struct MHD_Connection *connection)
{
    WebListener *self = user_data;
    g_atomic_int_inc(&self->under_way);
    return web_exchange_new(connection, uri);
}

static enum MHD_Result on_request(void *user_data, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_bytes, void **state)
{
    WebListener *self = user_data;
    WebExchange *exchange = *state;
    if (!exchange->begun)
        return begin(self, exchange, url, method);
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
    return finish(self, exchange);
}

static void on_completed(void *user_data, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    g_autoptr(WebExchange) exchange = *state;
    *state = NULL;
    if (exchange == NULL)
        return;
    WebListener *self = user_data;
    g_atomic_int_add(&self->under_way, -1);
    web_exchange_log(exchange, code != MHD_REQUEST_TERMINATED_COMPLETED_OK);
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

static unsigned count_connections(const WebListenerOptions *options)
{
    struct rlimit limit = {.rlim_cur = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t room = limit.rlim_cur > RESERVED_DESCRIPTORS ? limit.rlim_cur - RESERVED_DESCRIPTORS : 0;
    unsigned most = (unsigned)CLAMP(room, MIN_CONNECTIONS, MAX_CONNECTIONS);
    return options->max_connections > 0 ? MIN(options->max_connections, most) : most;
}

static struct MHD_Daemon *start_daemon(WebListener *self, const WebListenerOptions *options,
                                       int socket_fd)
{
    const WebTls *tls = options->tls;
    unsigned threads = CLAMP(base_parallel_workers() * 2, 4, 64);
    struct MHD_OptionItem plain[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_mhd_log, NULL},
        {MHD_OPTION_LISTEN_SOCKET, socket_fd, NULL},
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)count_connections(options), NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_SECONDS, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, self},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, self},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem secure[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, tls != NULL ? tls->certificate : NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, tls != NULL ? tls->key : NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (tls == NULL)
        secure[0].option = MHD_OPTION_END;
    else if (tls->client_ca != NULL)
        secure[3] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, tls->client_ca};
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
    return MHD_start_daemon(tls != NULL ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, on_request,
                            self, MHD_OPTION_ARRAY, plain, MHD_OPTION_ARRAY, secure,
                            MHD_OPTION_END);
}

WebListener *web_listener_new(const WebListenerOptions *options, const WebRoute *routes,
                              const WebSite *site, GError **error)
{
    g_autoptr(WebListener) self = g_new0(WebListener, 1);
    g_mutex_init(&self->lock);
    self->routes = routes;
    self->site = site;
    self->tls = options->tls;
    base_autofd socket_fd = web_socket_listen(options->listen, &self->address, &self->port, error);
    if (socket_fd < 0)
        return NULL;
    int n_workers = CLAMP((int)base_parallel_workers() * 4, 8, 64);
    self->workers = g_thread_pool_new(work, self, n_workers, FALSE, error);
    if (self->workers == NULL)
        return NULL;
    self->searchers = g_thread_pool_new(work, self, n_workers, FALSE, error);
    if (self->searchers == NULL)
        return NULL;
    self->daemon = start_daemon(self, options, socket_fd);
    if (self->daemon == NULL) {
        base_error_set(error, BASE_ERROR_FAILED, "cannot start the HTTP server on ‘%s’",
                       options->listen);
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

/* Every connection that a worker has must be awake before the daemon may stop. */
static void stop_workers(WebListener *self)
{
    g_mutex_lock(&self->lock);
    GThreadPool *pools[] = {g_steal_pointer(&self->workers), g_steal_pointer(&self->searchers)};
    g_mutex_unlock(&self->lock);
    for (unsigned i = 0; i < G_N_ELEMENTS(pools); i++) {
        if (pools[i] != NULL)
            g_thread_pool_free(pools[i], FALSE, TRUE);
    }
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
        stop_workers(self);
        MHD_stop_daemon(self->daemon);
    }
    stop_workers(self);
    g_mutex_clear(&self->lock);
    g_free(self->address);
    g_free(self);
}
