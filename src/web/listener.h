/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/route.h"
#include "web/tls.h"

G_BEGIN_DECLS

/**
 * WebListener:
 *
 * An HTTP server: threads of libmicrohttpd that move bytes, worker threads for handlers that
 * wait for a database, and a routing table.
 */
typedef struct _WebListener WebListener;

/**
 * WebListenerOptions:
 * @listen: "ADDRESS:PORT", "[IPV6]:PORT" or ":PORT" for all addresses; port 0 picks one
 * @tls: (nullable): speaks TLS with it; must outlive the listener
 * @max_connections: at once; 0 for as many as the limit of descriptors leaves room for
 */
typedef struct {
    const char *listen;
    const WebTls *tls;
    unsigned max_connections;
} WebListenerOptions;

/**
 * web_listener_new:
 * @options: where and how to listen
 * @routes: the table, ended by a zeroed row; must outlive the listener
 * @site: what handlers serve; must outlive the listener
 * @error: return location; names the address
 *
 * Starts to answer at once. Each request is logged when it is over, at level info, with the
 * fields HTTP_METHOD, HTTP_PATH, HTTP_STATUS, HTTP_BYTES, HTTP_CLIENT and HTTP_MILLISECONDS.
 */
WebListener *web_listener_new(const WebListenerOptions *options, const WebRoute *routes,
                              const WebSite *site, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_listener_address: where it listens, in the form of the option, with the real port */
const char *web_listener_address(const WebListener *self);

/** web_listener_port: the real port */
unsigned web_listener_port(const WebListener *self);

/**
 * web_listener_free:
 *
 * Takes no new connection, waits a few seconds for requests under way, then stops. Streams
 * have to be ended before.
 */
void web_listener_free(WebListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebListener, web_listener_free)

G_END_DECLS
