/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/transport.h"

#include <amqp.h>

G_BEGIN_DECLS

#define BUS_AMQP_CHANNEL 1

/**
 * bus_amqp_connect:
 * @options: where to, and as whom
 * @error: %BUS_ERROR_INVALID for a URL, certificate or key that is none, %BUS_ERROR_DENIED when
 *   the broker refuses who we are or is not who it should be, %BUS_ERROR_FAILED when it is away.
 *   No message has the password in it.
 *
 * Connects, by TLS for amqps; logs in by PLAIN, or by EXTERNAL with a client certificate and a
 * URL without user; opens one channel.
 */
amqp_connection_state_t bus_amqp_connect(const BusTransportOptions *options,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_amqp_disconnect: at once, without waiting for a broker that may be away */
void bus_amqp_disconnect(amqp_connection_state_t connection);

/** bus_amqp_check: %TRUE for a normal reply; else an error "WHAT: …" in the broker's words */
bool bus_amqp_check(amqp_rpc_reply_t reply, const char *what, GError **error);

/** bus_amqp_check_status: the same for a library status */
bool bus_amqp_check_status(int status, const char *what, GError **error);

/** bus_amqp_set_closed: the error of a channel.close or connection.close that came; always %FALSE
 */
bool bus_amqp_set_closed(const amqp_method_t *method, const char *what, GError **error);

/** bus_amqp_reopen_channel: after the broker has closed it */
bool bus_amqp_reopen_channel(amqp_connection_state_t connection, GError **error);

G_END_DECLS
