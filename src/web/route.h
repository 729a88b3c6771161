/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/response.h"
#include "web/site.h"

G_BEGIN_DECLS

/**
 * WebRouteFlags:
 * @WEB_ROUTE_BLOCKING: the handler waits for a database: it runs in a worker thread, so that
 *   the threads that move bytes never wait for anything
 * @WEB_ROUTE_SEARCH: likewise, and it may take seconds: searches have workers of their own, so
 *   that publishing never waits for them
 */
typedef enum {
    WEB_ROUTE_BLOCKING = 1 << 0,
    WEB_ROUTE_SEARCH = 1 << 1,
} WebRouteFlags;

/**
 * WebRoute:
 * @method: "GET" (which answers HEAD too), "POST", …; %NULL ends a table
 * @pattern: components that match themselves, ":name" for any one component, and "*" as the
 *   last for all the rest, which must not be empty
 * @handle: (transfer full): answers
 * @max_body_bytes: a longer request body gets 413; 0 for none at all
 * @flags: see #WebRouteFlags
 *
 * One row of the routing table. The first row that matches wins.
 */
typedef struct {
    const char *method;
    const char *pattern;
    WebResponse *(*handle)(const WebSite *site, const WebRequest *request);
    size_t max_body_bytes;
    unsigned flags;
} WebRoute;

/** web_routes: the table; ended by a zeroed row */
extern const WebRoute web_routes[];

/**
 * web_route_match:
 * @pattern: as in #WebRoute
 * @path: a decoded path
 * @out_params: (out) (transfer full): name, value, …, %NULL
 */
bool web_route_match(const char *pattern, const char *path, char ***out_params);

/**
 * web_route_find:
 * @routes: a table
 * @method: of the request
 * @path: decoded
 * @out_params: (out) (transfer full): set when a row is returned
 * @out_allowed: (out) (transfer full) (nullable): methods of the rows whose pattern matched,
 *   as the Allow header wants them; set when no row is returned and there are any
 *
 * Returns: (nullable): the row; %NULL means 405 when @out_allowed is set, else 404
 */
const WebRoute *web_route_find(const WebRoute *routes, const char *method, const char *path,
                               char ***out_params, char **out_allowed);

G_END_DECLS
