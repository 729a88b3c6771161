/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/route.h"

#include <microhttpd.h>

G_BEGIN_DECLS

/**
 * WebExchange:
 * @connection: libmicrohttpd's
 * @started_us: monotonic time of the request line
 * @method: as sent
 * @target: the path as sent, escaped for the log
 * @query: (nullable): what follows the "?"
 * @path: decoded
 * @params: what the route's pattern caught
 * @route: the row that answers
 * @peer: (nullable): name in the client's certificate
 * @body: what the client sent
 * @begun: the headers have been looked at
 * @answered: an answer is queued
 * @response: (owned) (nullable): what a worker made, not yet queued
 * @status: of the answer
 * @size_bytes: of the answer; what was sent so far for a stream
 *
 * One request, from its first line to the end of its answer. Private to the listener.
 */
typedef struct {
    struct MHD_Connection *connection;
    int64_t started_us;
    char *method;
    char *target;
    char *query;
    char *path;
    char **params;
    const WebRoute *route;
    char *peer;
    GByteArray *body;
    bool begun;
    bool answered;
    WebResponse *response;
    unsigned status;
    uint64_t size_bytes;
} WebExchange;

/** web_exchange_new: @uri: the request target, as sent */
WebExchange *web_exchange_new(struct MHD_Connection *connection, const char *uri);
void web_exchange_free(WebExchange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebExchange, web_exchange_free)

/** web_exchange_describe: what a handler sees; borrows from @self and @body */
WebRequest web_exchange_describe(const WebExchange *self, GBytes *body);

/** web_exchange_send: queues @response; its file and stream go over to libmicrohttpd */
enum MHD_Result web_exchange_send(WebExchange *self, WebResponse *response);

/** web_exchange_refuse: queues an error */
enum MHD_Result web_exchange_refuse(WebExchange *self, unsigned status, const char *message);

/** web_exchange_log: the access log's line */
void web_exchange_log(const WebExchange *self, bool aborted);

G_END_DECLS
