/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/response.h"
#include "web/site.h"

G_BEGIN_DECLS

/** WEB_PUBLISH_MAX_BYTES: longest body of POST /events: a body of the log's limit with all
 * that belongs to it, escaped */
#define WEB_PUBLISH_MAX_BYTES (2 * 1024 * 1024)

/** web_index_handle: the page at /: refs of the repo with version and date */
WebResponse *web_index_handle(const WebSite *site, const WebRequest *request);

/** web_health_handle: 200 while the repo and the log can be read, else 503 */
WebResponse *web_health_handle(const WebSite *site, const WebRequest *request);

/** web_repo_handle: files of the published repo that a client has a use for */
WebResponse *web_repo_handle(const WebSite *site, const WebRequest *request);

/** web_graph_handle: the update graph of a stream and an architecture */
WebResponse *web_graph_handle(const WebSite *site, const WebRequest *request);

/** web_assets_handle: style sheet, script and icon of the pages */
WebResponse *web_assets_handle(const WebSite *site, const WebRequest *request);

/** web_events_follow: the log as server-sent events */
WebResponse *web_events_follow(const WebSite *site, const WebRequest *request);

/** web_events_publish: appends the event that the body describes */
WebResponse *web_events_publish(const WebSite *site, const WebRequest *request);

/** web_event_get: one event, ":seq", with what was signed, verbatim */
WebResponse *web_event_get(const WebSite *site, const WebRequest *request);

/** web_event_prove: its inclusion proof */
WebResponse *web_event_prove(const WebSite *site, const WebRequest *request);

/** web_bus_head: the signed head of the log */
WebResponse *web_bus_head(const WebSite *site, const WebRequest *request);

/** web_schemas_handle: a JSON Schema by its digest, ":hex" */
WebResponse *web_schemas_handle(const WebSite *site, const WebRequest *request);

/** web_archive_search: datagrepper's /raw and /v2/search */
WebResponse *web_archive_search(const WebSite *site, const WebRequest *request);

/** web_archive_find: datagrepper's /id and /v2/id */
WebResponse *web_archive_find(const WebSite *site, const WebRequest *request);

/** web_archive_count: datagrepper's /messagecount */
WebResponse *web_archive_count(const WebSite *site, const WebRequest *request);

/** web_charts_handle: a chart of type ":type", as SVG */
WebResponse *web_charts_handle(const WebSite *site, const WebRequest *request);

/** web_log_handle: the page of the archive and the live feed */
WebResponse *web_log_handle(const WebSite *site, const WebRequest *request);

/** web_log_event_handle: the page of event ":seq" */
WebResponse *web_log_event_handle(const WebSite *site, const WebRequest *request);

/** web_log_atom_handle: a search as an Atom feed */
WebResponse *web_log_atom_handle(const WebSite *site, const WebRequest *request);

G_END_DECLS
