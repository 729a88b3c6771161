/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Letting bodies go by topic and age. How far a rule has been carried out is kept with it, so
 * that a run looks at new events only.
 */
#include "bus/retention.h"

#include "bus/log-private.h"
#include "bus/query-private.h"
#include "bus/signed.h"

#include <string.h>

#define DAY_US (INT64_C(86400) * G_USEC_PER_SEC)
#define BATCH 1000

void bus_retention_free(BusRetention *self)
{
    if (self == NULL)
        return;
    g_free(self->topics);
    g_free(self);
}

static bool save_rule(BusLog *log, const char *topics, uint64_t days, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        days == 0 ? "DELETE FROM bus_retention WHERE topics = ?1"
                  : "INSERT INTO bus_retention (topics, days, done) VALUES (?1, ?2, 0) ON CONFLICT "
                    "(topics) DO UPDATE SET days = excluded.days, done = 0",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, topics);
    if (days != 0)
        base_db_bind_int(statement, 2, (int64_t)days);
    return base_db_run(statement, NULL, error);
}

static bool publish_in_transaction(BusLog *log, const char *topic, const char *actor,
                                   JsonObject *body, GError **error)
{
    BusDraft draft = {.topic = topic, .actor = actor, .body = body};
    return bus_append_own(log, &draft, 1, NULL, error);
}

bool bus_retention_set(BusLog *log, const char *topics, uint64_t days, const char *actor,
                       GError **error)
{
    if (days > 100000 || !bus_signed_check_name("glob of topics", topics, error)) {
        if (error != NULL && *error == NULL)
            g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "days are at most 100000");
        return false;
    }
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "topics", topics);
    json_object_set_int_member(body, "days", (gint64)days);
    if (!base_db_begin(log->db, error))
        return false;
    if (save_rule(log, topics, days, error) &&
        publish_in_transaction(log, BUS_TOPIC_OWN "retention.set", actor, body, error) &&
        base_db_commit(log->db, error))
        return true;
    base_db_rollback(log->db);
    return false;
}

GPtrArray *bus_retention_list(BusLog *log, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)bus_retention_free);
    BaseDbStatement *statement =
        base_db_prepare(log->db, "SELECT topics, days FROM bus_retention ORDER BY topics", error);
    bool row = true;
    while (statement != NULL && base_db_step(statement, &row, error)) {
        if (!row)
            return g_steal_pointer(&list);
        BusRetention *rule = g_new0(BusRetention, 1);
        rule->topics = g_strdup(base_db_column_text(statement, "topics"));
        rule->days = (uint64_t)base_db_column_int(statement, "days");
        g_ptr_array_add(list, rule);
    }
    return NULL;
}

/* The last event that was logged before @before_us: times of logging never go back. */
static bool find_last(BusLog *log, int64_t before_us, uint64_t *out_seq, GError **error)
{
    uint64_t low = 0;
    uint64_t high = 0;
    if (!bus_log_head(log, &high, error))
        return false;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        g_autoptr(GPtrArray) events = bus_log_read(log, middle - 1, 1, error);
        if (events == NULL)
            return false;
        if (events->len == 1 && ((BusEvent *)events->pdata[0])->logged_us < before_us)
            low = middle;
        else
            high = middle - 1;
    }
    *out_seq = low;
    return true;
}

typedef struct {
    BusLog *log;
    const GPtrArray *rules;
    const BusRetention *rule;
    GPtrArray *blobs; /* events whose file may go when the transaction is done */
    uint64_t bodies;
    uint64_t last; /* the last event that was looked at */
    unsigned left;
} Run;

static bool is_others(const Run *run, const char *topic)
{
    for (guint i = 0; i < run->rules->len; i++) {
        const BusRetention *other = run->rules->pdata[i];
        if (strlen(other->topics) > strlen(run->rule->topics) &&
            bus_topic_matches(other->topics, topic))
            return true;
    }
    return g_str_has_prefix(topic, BUS_TOPIC_OWN);
}

static bool drop(BusEvent *event, void *user_data, GError **error)
{
    Run *run = user_data;
    g_autoptr(BusEvent) owned = event;
    run->last = event->seq;
    if (event->body == NULL || is_others(run, event->topic))
        return true;
    BaseDbStatement *statement = base_db_prepare(
        run->log->db, "UPDATE bus_event SET body = NULL, blob = 0 WHERE seq = ?1", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)event->seq);
    if (!base_db_run(statement, NULL, error))
        return false;
    bool blob = run->log->blob_dir != NULL && strlen(event->body) > BUS_BODY_INLINE_MAX_BYTES;
    if (blob && !bus_row_release_blob(run->log, event, error))
        return false;
    if (blob)
        g_ptr_array_add(run->blobs, g_steal_pointer(&owned));
    run->bodies++;
    return --run->left > 0;
}

static bool read_done(BusLog *log, const char *topics, uint64_t *out_done, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, "SELECT done FROM bus_retention WHERE topics = ?1", error);
    bool row = false;
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, topics);
    if (!base_db_step(statement, &row, error))
        return false;
    *out_done = row ? (uint64_t)base_db_column_int(statement, "done") : UINT64_MAX;
    base_db_reset(statement);
    return true;
}

static bool save_done(BusLog *log, const char *topics, uint64_t done, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, "UPDATE bus_retention SET done = ?1 WHERE topics = ?2", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)done);
    base_db_bind_text(statement, 2, topics);
    return base_db_run(statement, NULL, error);
}

/* After the commit: a crash before this leaves a file too many, never one too few. */
static bool unlink_blobs(Run *run, GError **error)
{
    bool ok = run->blobs->len == 0 || base_db_begin(run->log->db, error);
    for (guint i = 0; ok && i < run->blobs->len; i++)
        ok = bus_row_remove_blob(run->log, run->blobs->pdata[i], error);
    if (run->blobs->len > 0 && ok)
        ok = base_db_commit(run->log->db, error);
    base_db_rollback(run->log->db);
    g_ptr_array_set_size(run->blobs, 0);
    return ok;
}

/* One transaction; @out_more says whether the rule has more to do. */
static bool run_batch(Run *run, uint64_t until, bool *out_more, GError **error)
{
    char *any[] = {run->rule->topics, NULL};
    BusQuery query = {.topics = {.any = any}, .order = BUS_ORDER_ASC};
    uint64_t done = 0;
    bool complete = false;
    if (!read_done(run->log, run->rule->topics, &done, error))
        return false;
    uint64_t sealed = until - until % BUS_BLOCK_EVENTS;
    *out_more = false;
    if (done >= until)
        return true;
    run->left = BATCH;
    run->last = done;
    query.after_seq = done;
    if (done < sealed) {
        if (!bus_query_walk(run->log, &query, done + 1, sealed, BUS_QUERY_EXAMINED_MAX, drop, run,
                            &complete, error))
            return false;
        complete = complete && run->left > 0;
        *out_more = true;
        return save_done(run->log, run->rule->topics,
                         complete || run->last == done ? sealed : run->last, error);
    }
    /* What lies between is one block at most: it may have no index yet. */
    BusSpan span = {.tail = done + 1, .head = until};
    if (!bus_query_walk_tail(run->log, &query, &span, drop, run, error))
        return false;
    *out_more = run->left == 0;
    return save_done(run->log, run->rule->topics, *out_more ? run->last : until, error);
}

static bool run_rule(Run *run, GCancellable *cancellable, GError **error)
{
    uint64_t until = 0;
    bool more = true;
    if (!find_last(run->log, run->log->clock() - (int64_t)run->rule->days * DAY_US, &until, error))
        return false;
    while (more) {
        if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
            !base_db_begin(run->log->db, error))
            return false;
        if (!run_batch(run, until, &more, error) || !base_db_commit(run->log->db, error)) {
            base_db_rollback(run->log->db);
            return false;
        }
        if (!unlink_blobs(run, error))
            return false;
    }
    return true;
}

static bool note_run(BusLog *log, const char *actor, uint64_t bodies, GError **error)
{
    if (bodies == 0)
        return true;
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_int_member(body, "bodies", (gint64)bodies);
    if (!base_db_begin(log->db, error))
        return false;
    if (publish_in_transaction(log, BUS_TOPIC_OWN "retention.ran", actor, body, error) &&
        base_db_commit(log->db, error))
        return true;
    base_db_rollback(log->db);
    return false;
}

bool bus_retention_run(BusLog *log, const char *actor, GCancellable *cancellable,
                       uint64_t *out_bodies, GError **error)
{
    g_autoptr(GPtrArray) rules = bus_retention_list(log, error);
    g_autoptr(GPtrArray) blobs = g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    if (rules == NULL)
        return false;
    Run run = {.log = log, .rules = rules, .blobs = blobs};
    for (guint i = 0; i < rules->len; i++) {
        run.rule = rules->pdata[i];
        if (!run_rule(&run, cancellable, error))
            return false;
    }
    *out_bodies = run.bodies;
    return note_run(log, actor, run.bodies, error);
}
