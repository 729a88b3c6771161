/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the log to others: by a named subscription, so that a bridge goes on where it was.
 */
#include "bus/transport-bridge-private.h"

#include "bus/subscription.h"

#define WAIT_MS 1000

GHashTable *bus_bridge_came(BaseDb *db, const char *name, uint64_t first, uint64_t last,
                            GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db, "SELECT seq FROM bus_bridge_came WHERE bridge = ?1 AND seq >= ?2 AND seq <= ?3", error);
    if (statement == NULL)
        return NULL;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, (int64_t)first);
    base_db_bind_int(statement, 3, (int64_t)last);
    g_autoptr(GHashTable) came = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    bool row = true;
    while (row) {
        if (!base_db_step(statement, &row, error))
            return NULL;
        if (row) {
            int64_t seq = base_db_column_int(statement, "seq");
            g_hash_table_add(came, g_memdup2(&seq, sizeof seq));
        }
    }
    return g_steal_pointer(&came);
}

/* Sends those of @events that are to be sent. @out_seq: all up to it are done with. */
static bool send_batch(const BusBridge *self, BusTransportState *state, void *session,
                       GPtrArray *events, uint64_t *out_seq, GCancellable *cancellable,
                       GError **error)
{
    const BusEvent *first = g_ptr_array_index(events, 0);
    const BusEvent *last = g_ptr_array_index(events, events->len - 1);
    g_autoptr(GHashTable) came =
        bus_bridge_came(state->db, self->name, first->seq, last->seq, error);
    if (came == NULL)
        return false;
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    for (unsigned i = 0; i < events->len; i++) {
        BusEvent *event = g_ptr_array_index(events, i);
        /* retention may have taken a body since: there is nothing left to send */
        if (event->body != NULL && !g_hash_table_contains(came, &event->seq))
            g_ptr_array_add(wanted, event);
    }
    unsigned done = 0;
    bool ok = self->transport->publish(session, wanted, &done, cancellable, error);
    if (done == wanted->len)
        *out_seq = last->seq;
    else
        *out_seq = ((const BusEvent *)g_ptr_array_index(wanted, done))->seq - 1;
    return ok;
}

static bool move_batch(const BusBridge *self, BusTransportState *state, void *session,
                       const char *subscription, GCancellable *cancellable, GError **error)
{
    uint64_t head = 0;
    if (!bus_log_head(state->log, &head, error))
        return false;
    g_autoptr(GPtrArray) events =
        bus_subscription_next(state->log, subscription, BUS_TRANSPORT_BATCH, error);
    if (events == NULL)
        return false;
    if (events->len == 0) {
        g_autoptr(GError) local = NULL;
        (void)bus_log_wait(state->log, head, WAIT_MS, cancellable, &local);
        if (local != NULL && !g_cancellable_is_cancelled(cancellable)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        return self->transport->idle(session, error);
    }
    uint64_t seq = 0;
    g_autoptr(GError) local = NULL;
    bool ok = send_batch(self, state, session, events, &seq, cancellable, &local);
    /* what was taken is noted even when the rest was not */
    if (seq > 0 && !bus_subscription_ack(state->log, subscription, seq, ok ? error : NULL))
        ok = false;
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return ok;
}

bool bus_bridge_move_out(const BusBridge *self, BusTransportState *state, void *session,
                         GCancellable *cancellable, GError **error)
{
    g_autofree char *subscription = bus_bridge_subscription(self->name);
    const char *const none[] = {NULL};
    const char *const *topics = self->out->topics != NULL ? self->out->topics : none;
    uint64_t since = self->since;
    if (since == BUS_BRIDGE_SINCE_NOW && !bus_log_head(state->log, &since, error))
        return false;
    if (!bus_subscription_ensure(state->log, subscription, topics, since, BUS_TRANSPORT_LAG_ALARM,
                                 error))
        return false;
    while (!g_cancellable_is_cancelled(cancellable)) {
        if (!move_batch(self, state, session, subscription, cancellable, error))
            return false;
    }
    return true;
}
