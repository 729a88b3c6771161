/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/route.h"

G_BEGIN_DECLS

/**
 * WebListener:
 *
 * An HTTP server: threads of libmicrohttpd that answer out of a routing table.
 */
typedef struct _WebListener WebListener;

/**
 * web_listener_new:
 * @listen: "ADDRESS:PORT", "[IPV6]:PORT" or ":PORT" for all addresses; port 0 picks one
 * @routes: the table, ended by a zeroed row; must outlive the listener
 * @site: what handlers serve; must outlive the listener
 * @error: return location; names the address
 *
 * Starts to answer at once. Each request is logged when it is over, at level info, with the
 * fields HTTP_METHOD, HTTP_PATH, HTTP_STATUS, HTTP_BYTES, HTTP_CLIENT and HTTP_MILLISECONDS.
 */
WebListener *web_listener_new(const char *listen, const WebRoute *routes, const WebSite *site,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_listener_address: where it listens, in the form of @listen, with the real port */
const char *web_listener_address(const WebListener *self);

/** web_listener_port: the real port */
unsigned web_listener_port(const WebListener *self);

/**
 * web_listener_free:
 *
 * Takes no new connection, waits a few seconds for requests under way, then stops.
 */
void web_listener_free(WebListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebListener, web_listener_free)

G_END_DECLS
