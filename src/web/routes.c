/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The routing table: one row for each thing that is served. What reads the database is
 * answered by a worker thread.
 */
#include "web/handlers/handlers.h"
#include "web/route.h"

#define BLOCKS .flags = WEB_ROUTE_BLOCKING
#define SEARCHES .flags = WEB_ROUTE_SEARCH

const WebRoute web_routes[] = {
    {.method = "GET", .pattern = "/", .handle = web_index_handle},
    {.method = "GET", .pattern = "/assets/:name", .handle = web_assets_handle},
    {.method = "GET", .pattern = "/healthz", .handle = web_health_handle},
    {.method = "GET", .pattern = "/repo/*", .handle = web_repo_handle},
    {.method = "GET", .pattern = "/v1/graph", .handle = web_graph_handle, BLOCKS},

    {.method = "GET", .pattern = "/events", .handle = web_events_follow},
    {.method = "POST",
     .pattern = "/events",
     .handle = web_events_publish,
     .max_body_bytes = WEB_PUBLISH_MAX_BYTES,
     BLOCKS},
    {.method = "GET", .pattern = "/events/:seq", .handle = web_event_get, BLOCKS},
    {.method = "GET", .pattern = "/events/:seq/proof", .handle = web_event_prove, BLOCKS},
    {.method = "GET", .pattern = "/bus/head", .handle = web_bus_head, BLOCKS},
    {.method = "GET", .pattern = "/schemas/sha256/:hex", .handle = web_schemas_handle, BLOCKS},

    {.method = "GET", .pattern = "/raw", .handle = web_archive_search, SEARCHES},
    {.method = "GET", .pattern = "/raw/", .handle = web_archive_search, SEARCHES},
    {.method = "GET", .pattern = "/v2/search", .handle = web_archive_search, SEARCHES},
    {.method = "GET", .pattern = "/v2/search/", .handle = web_archive_search, SEARCHES},
    {.method = "GET", .pattern = "/id", .handle = web_archive_find, BLOCKS},
    {.method = "GET", .pattern = "/id/", .handle = web_archive_find, BLOCKS},
    {.method = "GET", .pattern = "/v2/id", .handle = web_archive_find, BLOCKS},
    {.method = "GET", .pattern = "/v2/id/", .handle = web_archive_find, BLOCKS},
    {.method = "GET", .pattern = "/messagecount", .handle = web_archive_count, BLOCKS},
    {.method = "GET", .pattern = "/messagecount/", .handle = web_archive_count, BLOCKS},
    {.method = "GET", .pattern = "/charts/:type", .handle = web_charts_handle, SEARCHES},

    {.method = "GET", .pattern = "/log", .handle = web_log_handle, SEARCHES},
    {.method = "GET", .pattern = "/log/feed.atom", .handle = web_log_atom_handle, SEARCHES},
    {.method = "GET", .pattern = "/log/:seq", .handle = web_log_event_handle, BLOCKS},
    {.method = NULL},
};
