/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

typedef struct _WebRequest WebRequest;

/**
 * WebRequest:
 * @method: as sent ("GET"); a handler never sees "HEAD", its answer's body is just not sent
 * @path: decoded by web_path_decode()
 * @query: (nullable): what follows the "?", as sent, for web_query_parse()
 * @params: (nullable): what the route's pattern caught: name, value, name, value, %NULL
 * @body: (nullable): what the client sent, at most the route's cap
 * @peer: (nullable): name in the client certificate, once a --client-ca vouched for it
 * @header: looks a request header up; tests bring their own
 * @header_data: for @header
 *
 * One request on its way to a handler. Everything is borrowed for the call.
 */
struct _WebRequest {
    const char *method;
    const char *path;
    const char *query;
    const char *const *params;
    GBytes *body;
    const char *peer;
    const char *(*header)(const WebRequest *self, const char *name);
    void *header_data;
};

/** web_request_header: (nullable): the value of the header @name */
const char *web_request_header(const WebRequest *self, const char *name);

/** web_request_param: (nullable): what ":@name" of the pattern caught; "*" for the wildcard */
const char *web_request_param(const WebRequest *self, const char *name);

/** web_request_is_api: whether errors must be answered in JSON */
bool web_request_is_api(const WebRequest *self);

G_END_DECLS
