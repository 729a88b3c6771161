/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/transport.h"

#include <amqp.h>
#include <amqp_framing.h>

G_BEGIN_DECLS

/** BUS_FEDORA_MAX_HEADERS: a message with more is refused */
#define BUS_FEDORA_MAX_HEADERS 4096

/**
 * bus_fedora_properties:
 * @event: what is sent
 * @pool: takes all that @out_properties points to
 * @out_properties: content type and encoding, delivery mode 2, message id, priority 0, and the
 *   headers: schema, severity, sent-at, priority and one boolean for each object of the kinds
 *   user, group, rpm, container, module and flatpak
 *
 * AMQP properties in fedora-messaging's form (its message.py, version 3).
 */
void bus_fedora_properties(const BusEvent *event, amqp_pool_t *pool,
                           amqp_basic_properties_t *out_properties);

/**
 * bus_fedora_message:
 * @routing_key: the topic
 * @properties: as they came
 * @body: as it came
 *
 * The other way. Headers that are missing get fedora-messaging's defaults.
 *
 * Returns: (transfer full): the message; one that cannot become an event says why in @bad
 */
BusMessage *bus_fedora_message(amqp_bytes_t routing_key, const amqp_basic_properties_t *properties,
                               amqp_bytes_t body);

G_END_DECLS
