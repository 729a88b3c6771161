/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/transport.h"

G_BEGIN_DECLS

/**
 * BusBridge:
 * @transport: which
 * @name: names the bridge's subscription, its progress and its dead-letter place
 * @database: URL of the state database
 * @state_dir: the state directory
 * @actor: of events that come in from a sender that the transport cannot prove
 * @out: (nullable): where to send to; %NULL sends nothing
 * @in: (nullable): where to take from; %NULL takes nothing
 * @since: a new subscription starts after this event; %BUS_BRIDGE_SINCE_NOW for the newest
 * @report: (nullable): called with a line for the operator, from any thread
 * @user_data: for @report
 *
 * What to move where. All borrowed.
 */
typedef struct {
    const BusTransport *transport;
    const char *name;
    const char *database;
    const char *state_dir;
    const char *actor;
    const BusTransportOptions *out;
    const BusTransportOptions *in;
    uint64_t since;
    void (*report)(const char *line, void *user_data);
    void *user_data;
} BusBridge;

#define BUS_BRIDGE_SINCE_NOW UINT64_MAX

/**
 * bus_bridge_run:
 * @self: what to do
 * @cancellable: ends it
 * @error: only what trying again cannot mend: wrong options, a broker that refuses us, another
 *   process that runs the bridge
 *
 * Moves events until it is cancelled; waits for brokers and databases that are away. Out: each
 * event of the log once and in order, again after a break only when its confirmation was lost.
 * In: a message is acknowledged once it is in the log, and one whose id is there already is not
 * put there again. What came in by a bridge does not go out by it.
 *
 * Returns: %TRUE after a cancellation
 */
bool bus_bridge_run(const BusBridge *self, GCancellable *cancellable,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_bridge_subscription: (transfer full): the subscription's name */
char *bus_bridge_subscription(const char *name);

/** bus_bridge_list: (transfer full): a(sttt): name, sender's position, messages that came in,
 * messages parked */
GVariant *bus_bridge_list(BaseDb *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_bridge_parked: (transfer full): a(xsss): time in microseconds, topic or "", reason,
 * digest; newest first, at most @limit */
GVariant *bus_bridge_parked(BaseDb *db, const char *name, unsigned limit,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
