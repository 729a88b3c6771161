/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From others into the log: a batch is one transaction, with the sender's position in it, and is
 * acknowledged after the commit. What cannot become an event is parked with the reason.
 */
#include "bus/transport-bridge-private.h"

#include "base/digest.h"

#include <string.h>

#define WAIT_MS 1000
#define MAX_RAW_BYTES 65536
#define MAX_PARKED 10000
#define BUSY_TRIES 10

bool bus_bridge_position(BaseDb *db, const char *name, uint64_t *out_position, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(db, "SELECT position FROM bus_bridge_progress WHERE bridge = ?1", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    uint64_t position = 0;
    bool row = true;
    while (row) {
        if (!base_db_step(statement, &row, error))
            return false;
        if (row)
            position = (uint64_t)base_db_column_int(statement, "position");
    }
    *out_position = position;
    return true;
}

static bool set_position(BaseDb *db, const char *name, uint64_t position, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(db,
                        "INSERT INTO bus_bridge_progress (bridge, position) VALUES (?1, ?2)"
                        " ON CONFLICT (bridge) DO UPDATE SET position = excluded.position"
                        " WHERE bus_bridge_progress.position < excluded.position",
                        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, (int64_t)position);
    return base_db_run(statement, NULL, error);
}

static bool mark_came(BaseDb *db, const char *name, uint64_t seq, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db, "INSERT INTO bus_bridge_came (bridge, seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, (int64_t)seq);
    return base_db_run(statement, NULL, error);
}

/* Somebody who sends rubbish all day must not fill the disk: the oldest goes. */
static bool trim_parked(BaseDb *db, const char *name, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(db,
                        "DELETE FROM bus_bridge_parked WHERE bridge = ?1 AND time_us <="
                        " (SELECT time_us FROM bus_bridge_parked WHERE bridge = ?1"
                        "  ORDER BY time_us DESC LIMIT 1 OFFSET ?2)",
                        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, MAX_PARKED);
    return base_db_run(statement, NULL, error);
}

static bool park(const BusBridge *self, BaseDb *db, const BusMessage *message, const char *reason,
                 GError **error)
{
    size_t size_bytes = 0;
    const void *raw = message->raw != NULL ? g_bytes_get_data(message->raw, &size_bytes) : NULL;
    g_autoptr(GString) all = g_string_new(message->topic);
    g_string_append_c(all, '\0');
    g_string_append_len(all, raw != NULL ? raw : "", (gssize)size_bytes);
    g_autofree char *digest = base_sha256_hex(all->str, all->len);
    g_autofree char *text = g_utf8_make_valid(reason, -1);
    g_autofree char *topic = message->topic != NULL ? g_utf8_make_valid(message->topic, -1) : NULL;
    BaseDbStatement *statement = base_db_prepare(
        db,
        "INSERT INTO bus_bridge_parked (bridge, digest, time_us, topic, reason, raw)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, self->name);
    base_db_bind_text(statement, 2, digest);
    base_db_bind_int(statement, 3, g_get_real_time());
    base_db_bind_text(statement, 4, topic);
    base_db_bind_text(statement, 5, text);
    base_db_bind_blob(statement, 6, raw, MIN(size_bytes, MAX_RAW_BYTES));
    if (self->report != NULL) {
        g_autofree char *line =
            g_strdup_printf("in: parked a message%s%s: %s", topic != NULL ? " of topic " : "",
                            topic != NULL ? topic : "", text);
        self->report(line, self->user_data);
    }
    return base_db_run(statement, NULL, error) && trim_parked(db, self->name, error);
}

static bool is_known(BusLog *log, const char *id, bool *out_known, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(BusEvent) event = bus_log_find(log, id, &local);
    *out_known = event != NULL;
    if (event != NULL || g_error_matches(local, BUS_ERROR, BUS_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

/* Inside a transaction. */
static bool take_message(const BusBridge *self, BusTransportState *state, const BusMessage *message,
                         GError **error)
{
    bool known = false;
    if (message->bad != NULL)
        return park(self, state->db, message, message->bad, error);
    if (message->topic == NULL)
        return true;
    if (!is_known(state->log, message->id, &known, error))
        return false;
    if (known)
        return true;
    BusDraft draft = {
        .topic = message->topic,
        .actor = message->actor != NULL ? message->actor : self->actor,
        .id = message->id,
        .schema = message->schema,
        .severity = message->severity,
        .objects = (const char *const *)message->objects,
        .body = message->body,
        .time_us = message->time_us,
    };
    uint64_t seq = 0;
    return bus_append(state->log, &draft, 1, &seq, error) &&
           mark_came(state->db, self->name, seq, error);
}

static bool take_all(const BusBridge *self, BusTransportState *state, GPtrArray *messages,
                     unsigned first, unsigned n, GError **error)
{
    uint64_t position = 0;
    if (!base_db_begin(state->db, error))
        return false;
    bool ok = true;
    for (unsigned i = first; i < first + n && ok; i++) {
        const BusMessage *message = g_ptr_array_index(messages, i);
        ok = take_message(self, state, message, error);
        position = MAX(position, message->position);
    }
    if (ok && position > 0)
        ok = set_position(state->db, self->name, position, error);
    ok = ok && base_db_commit(state->db, error);
    if (!ok)
        base_db_rollback(state->db);
    return ok;
}

/* A log that is broken is no reason to put all aside that comes. */
static bool is_message_at_fault(const GError *error)
{
    return g_error_matches(error, BUS_ERROR, BUS_ERROR_INVALID) ||
           g_error_matches(error, BUS_ERROR, BUS_ERROR_TOO_LARGE) ||
           g_error_matches(error, BUS_ERROR, BUS_ERROR_DENIED) ||
           g_error_matches(error, BUS_ERROR, BUS_ERROR_EXISTS);
}

static bool is_busy(const GError *error)
{
    return g_error_matches(error, BASE_DB_ERROR, BASE_DB_ERROR_BUSY);
}

static bool take_or_park(const BusBridge *self, BusTransportState *state, GPtrArray *messages,
                         unsigned index, GError **error)
{
    BusMessage *message = g_ptr_array_index(messages, index);
    g_autoptr(GError) local = NULL;
    if (take_all(self, state, messages, index, 1, &local))
        return true;
    if (!is_message_at_fault(local)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    /* somebody else put it there between our look and our append */
    if (g_error_matches(local, BUS_ERROR, BUS_ERROR_EXISTS))
        return true;
    message->bad = g_strdup(local->message);
    return take_all(self, state, messages, index, 1, error);
}

static bool take_batch(const BusBridge *self, BusTransportState *state, GPtrArray *messages,
                       GCancellable *cancellable, GError **error)
{
    for (unsigned try = 0;; try++) {
        g_autoptr(GError) local = NULL;
        if (take_all(self, state, messages, 0, messages->len, &local))
            return true;
        if (is_message_at_fault(local))
            break;
        if (!is_busy(local) || try >= BUSY_TRIES || g_cancellable_is_cancelled(cancellable)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        bus_transport_wait(0, cancellable);
    }
    for (unsigned i = 0; i < messages->len; i++) {
        if (!take_or_park(self, state, messages, i, error))
            return false;
    }
    return true;
}

bool bus_bridge_move_in(const BusBridge *self, BusTransportState *state, void *session,
                        GCancellable *cancellable, GError **error)
{
    while (!g_cancellable_is_cancelled(cancellable)) {
        g_autoptr(GPtrArray) messages =
            self->transport->consume(session, WAIT_MS, cancellable, error);
        if (messages == NULL)
            return false;
        if (messages->len == 0)
            continue;
        if (!take_batch(self, state, messages, cancellable, error) ||
            !self->transport->ack(session, g_ptr_array_index(messages, messages->len - 1), error))
            return false;
    }
    return true;
}

static bool add_rows(BaseDbStatement *statement, GVariantBuilder *builder,
                     void (*add)(BaseDbStatement *, GVariantBuilder *), GError **error)
{
    bool row = true;
    while (row) {
        if (!base_db_step(statement, &row, error))
            return false;
        if (row)
            add(statement, builder);
    }
    return true;
}

static void add_bridge(BaseDbStatement *statement, GVariantBuilder *builder)
{
    g_variant_builder_add(builder, "(sttt)", base_db_column_text(statement, "bridge"),
                          (guint64)base_db_column_int(statement, "position"),
                          (guint64)base_db_column_int(statement, "came"),
                          (guint64)base_db_column_int(statement, "parked"));
}

GVariant *bus_bridge_list(BaseDb *db, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db,
        "SELECT n.bridge AS bridge,"
        " COALESCE((SELECT p.position FROM bus_bridge_progress p WHERE p.bridge = n.bridge), 0)"
        "  AS position,"
        " (SELECT COUNT(*) FROM bus_bridge_came c WHERE c.bridge = n.bridge) AS came,"
        " (SELECT COUNT(*) FROM bus_bridge_parked d WHERE d.bridge = n.bridge) AS parked"
        " FROM (SELECT bridge FROM bus_bridge_progress UNION SELECT bridge FROM bus_bridge_came"
        "  UNION SELECT bridge FROM bus_bridge_parked) n ORDER BY n.bridge",
        error);
    if (statement == NULL)
        return NULL;
    g_auto(GVariantBuilder) builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(sttt)"));
    if (!add_rows(statement, &builder, add_bridge, error))
        return NULL;
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static void add_parked(BaseDbStatement *statement, GVariantBuilder *builder)
{
    const char *topic = base_db_column_text(statement, "topic");
    /* copied: the text of a column is valid only until the next is read */
    g_autofree char *copy = g_strdup(topic != NULL ? topic : "");
    g_autofree char *reason = g_strdup(base_db_column_text(statement, "reason"));
    g_variant_builder_add(builder, "(xsss)", (gint64)base_db_column_int(statement, "time_us"), copy,
                          reason, base_db_column_text(statement, "digest"));
}

GVariant *bus_bridge_parked(BaseDb *db, const char *name, unsigned limit, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db,
        "SELECT time_us, topic, reason, digest FROM bus_bridge_parked WHERE bridge = ?1"
        " ORDER BY time_us DESC LIMIT ?2",
        error);
    if (statement == NULL)
        return NULL;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, limit);
    g_auto(GVariantBuilder) builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(xsss)"));
    if (!add_rows(statement, &builder, add_parked, error))
        return NULL;
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}
