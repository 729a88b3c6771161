/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/response.h"

#include <microhttpd.h>

G_BEGIN_DECLS

/**
 * web_stream_make:
 * @connection: whose answer it is
 * @size_bytes: counts what was sent; lives as long as the connection's request
 * @stream: (inout): taken: its members are zeroed
 *
 * Sends a #WebStream: a connection without anything to read is suspended, and costs nothing
 * until it is woken.
 *
 * Returns: (nullable): to be queued
 */
struct MHD_Response *web_stream_make(struct MHD_Connection *connection, uint64_t *size_bytes,
                                     WebStream *stream);

G_END_DECLS
