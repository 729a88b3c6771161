/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One request on its way through libmicrohttpd: how it is described to a handler, how the
 * answer is queued, what the access log says.
 */
#define G_LOG_DOMAIN "web"

#include "web/exchange.h"

#include "base/fd.h"
#include "web/socket.h"
#include "web/stream.h"

#include <string.h>

WebExchange *web_exchange_new(struct MHD_Connection *connection, const char *uri)
{
    WebExchange *self = g_new0(WebExchange, 1);
    const char *mark = strchr(uri, '?');
    g_autofree char *path = mark != NULL ? g_strndup(uri, (size_t)(mark - uri)) : g_strdup(uri);
    self->connection = connection;
    self->started_us = g_get_monotonic_time();
    self->target = g_strescape(path, NULL);
    self->query = mark != NULL ? g_strdup(mark + 1) : NULL;
    return self;
}

void web_exchange_free(WebExchange *self)
{
    if (self == NULL)
        return;
    g_free(self->method);
    g_free(self->target);
    g_free(self->query);
    g_free(self->path);
    g_strfreev(self->params);
    g_free(self->peer);
    g_clear_pointer(&self->body, g_byte_array_unref);
    g_clear_pointer(&self->response, web_response_free);
    g_free(self);
}

static const char *lookup_header(const WebRequest *request, const char *name)
{
    return MHD_lookup_connection_value(request->header_data, MHD_HEADER_KIND, name);
}

WebRequest web_exchange_describe(const WebExchange *self, GBytes *body)
{
    return (WebRequest){
        .method = self->method,
        .path = self->path,
        .query = self->query,
        .params = (const char *const *)self->params,
        .body = body,
        .peer = self->peer,
        .header = lookup_header,
        .header_data = self->connection,
    };
}

static struct MHD_Response *make_body(WebExchange *self, WebResponse *response)
{
    if (response->stream.read != NULL)
        return web_stream_make(self->connection, &self->size_bytes, &response->stream);
    if (response->fd >= 0)
        return MHD_create_response_from_fd_at_offset64(
            response->size_bytes, base_fd_steal(&response->fd), response->offset_bytes);
    size_t size = 0;
    const void *data = response->body ? g_bytes_get_data(response->body, &size) : NULL;
    /* libmicrohttpd wants a pointer it could write to, but copies. */
    return MHD_create_response_from_buffer_with_free_callback(size, g_memdup2(data, size), g_free);
}

enum MHD_Result web_exchange_send(WebExchange *self, WebResponse *response)
{
    self->status = response->status;
    self->size_bytes = response->size_bytes;
    struct MHD_Response *made = make_body(self, response);
    if (made == NULL)
        return MHD_NO;
    for (unsigned i = 0; i + 1 < response->headers->len; i += 2)
        (void)MHD_add_response_header(made, response->headers->pdata[i],
                                      response->headers->pdata[i + 1]);
    self->answered = true;
    enum MHD_Result result = MHD_queue_response(self->connection, response->status, made);
    MHD_destroy_response(made);
    return result;
}

enum MHD_Result web_exchange_refuse(WebExchange *self, unsigned status, const char *message)
{
    WebRequest request = web_exchange_describe(self, NULL);
    g_autoptr(WebResponse) response = web_response_new_error(&request, status, message);
    return web_exchange_send(self, response);
}

static char *client_host(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL ? web_socket_print_host(info->client_addr) : g_strdup("?");
}

void web_exchange_log(const WebExchange *self, bool aborted)
{
    g_autofree char *client = client_host(self->connection);
    double milliseconds = (double)(g_get_monotonic_time() - self->started_us) / 1000;
    g_autofree char *status_text = g_strdup_printf("%u", self->status);
    g_autofree char *bytes_text = g_strdup_printf("%" G_GUINT64_FORMAT, self->size_bytes);
    g_autofree char *time_text = g_strdup_printf("%.1f", milliseconds);
    const char *method = self->method != NULL ? self->method : "?";
    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "HTTP_CLIENT", client, "HTTP_METHOD", method,
                     "HTTP_PATH", self->target, "HTTP_STATUS", status_text, "HTTP_BYTES",
                     bytes_text, "HTTP_MILLISECONDS", time_text, "MESSAGE",
                     "%s %s %s %s %s bytes %s ms%s", client, method, self->target, status_text,
                     bytes_text, time_text, aborted ? " (aborted)" : "");
}
