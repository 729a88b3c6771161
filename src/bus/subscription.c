/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Named readers: their progress is a row beside the log, so that a reader that dies goes on
 * where it was, and one that falls behind is seen.
 */
#include "bus/subscription.h"

#include "bus/log-private.h"
#include "bus/signed.h"

#include <string.h>

#define SEEN_EVERY_US (10 * G_USEC_PER_SEC)
/* Events that do not match are passed over by so many, to spare a write each. */
#define PASS_OVER 256

void bus_subscription_free(BusSubscription *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_strfreev(self->topics);
    g_free(self);
}

void bus_dead_free(BusDead *self)
{
    if (self == NULL)
        return;
    g_free(self->reason);
    g_free(self);
}

/* In the caller's transaction when there is one. */
static bool begin(BusLog *log, bool *out_began, GError **error)
{
    *out_began = !base_db_in_transaction(log->db);
    return !*out_began || base_db_begin(log->db, error);
}

static bool end(BusLog *log, bool began, bool ok, GError **error)
{
    if (began && ok)
        return base_db_commit(log->db, error);
    if (began)
        base_db_rollback(log->db);
    return ok;
}

static bool set_not_found(GError **error, const char *name)
{
    g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "there is no subscription ‘%s’", name);
    return false;
}

static bool check(const char *name, const char *const *topics, GError **error)
{
    if (!bus_signed_check_name("name of the subscription", name, error))
        return false;
    bool ok = strpbrk(name, " /") == NULL;
    for (unsigned i = 0; ok && topics != NULL && topics[i] != NULL; i++) {
        ok = strlen(topics[i]) <= BUS_TOPIC_MAX_BYTES && topics[i][0] != '\0';
        for (const char *p = topics[i]; ok && *p != '\0'; p++)
            ok = g_ascii_isgraph(*p);
    }
    if (!ok)
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "a subscription's name has no space and no ‘/’, its topics are globs of "
                    "printable ASCII");
    return ok;
}

bool bus_subscription_ensure(BusLog *log, const char *name, const char *const *topics,
                             uint64_t start_seq, uint64_t lag_alarm, GError **error)
{
    bool began = false;
    if (!check(name, topics, error) || !begin(log, &began, error))
        return false;
    g_autofree char *joined = topics != NULL ? g_strjoinv("\n", (char **)topics) : g_strdup("");
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "INSERT INTO bus_subscription (name, topics, seq, lag_alarm, alarmed, seen_us) VALUES "
        "(?1, ?2, ?3, ?4, 0, ?5) ON CONFLICT (name) DO UPDATE SET topics = excluded.topics, "
        "lag_alarm = excluded.lag_alarm",
        error);
    bool ok = statement != NULL;
    if (ok) {
        base_db_bind_text(statement, 1, name);
        base_db_bind_text(statement, 2, joined);
        base_db_bind_int(statement, 3, (int64_t)MIN(start_seq, (uint64_t)INT64_MAX));
        base_db_bind_int(statement, 4, (int64_t)MIN(lag_alarm, (uint64_t)INT64_MAX));
        base_db_bind_int(statement, 5, log->clock());
        ok = base_db_run(statement, NULL, error);
    }
    return end(log, began, ok, error);
}

typedef struct {
    BusSubscription *subscription;
    bool alarmed;
} Row;

static void read_row(BaseDbStatement *statement, Row *row)
{
    BusSubscription *self = g_new0(BusSubscription, 1);
    self->name = g_strdup(base_db_column_text(statement, "name"));
    self->topics = g_strsplit(base_db_column_text(statement, "topics"), "\n", -1);
    self->seq = (uint64_t)base_db_column_int(statement, "seq");
    self->lag_alarm = (uint64_t)base_db_column_int(statement, "lag_alarm");
    self->seen_us = base_db_column_int(statement, "seen_us");
    self->dead = (uint64_t)base_db_column_int(statement, "dead");
    row->alarmed = base_db_column_int(statement, "alarmed") != 0;
    row->subscription = self;
}

#define ROW_SQL                                                                                    \
    "SELECT name, topics, seq, lag_alarm, alarmed, seen_us, (SELECT COUNT(*) FROM bus_dead d "     \
    "WHERE d.name = s.name) AS dead FROM bus_subscription s"

static BusSubscription *find(BusLog *log, const char *name, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(log->db, ROW_SQL " WHERE name = ?1", error);
    bool row = false;
    Row found = {0};
    if (statement == NULL)
        return NULL;
    base_db_bind_text(statement, 1, name);
    if (!base_db_step(statement, &row, error))
        return NULL;
    if (row)
        read_row(statement, &found);
    else
        (void)set_not_found(error, name);
    base_db_reset(statement);
    return found.subscription;
}

/* Borrows the topics. */
static BusQuery query_of(const BusSubscription *self)
{
    return (BusQuery){
        .topics = {.any = self->topics}, .order = BUS_ORDER_ASC, .after_seq = self->seq};
}

static bool touch(BusLog *log, const BusSubscription *self, uint64_t seq, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "UPDATE bus_subscription SET seen_us = ?1, seq = CASE WHEN seq < ?2 THEN ?2 ELSE seq END "
        "WHERE name = ?3",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, log->clock());
    base_db_bind_int(statement, 2, (int64_t)seq);
    base_db_bind_text(statement, 3, self->name);
    return base_db_run(statement, NULL, error);
}

GPtrArray *bus_subscription_next(BusLog *log, const char *name, unsigned limit, GError **error)
{
    uint64_t head = 0;
    g_autoptr(BusSubscription) self = find(log, name, error);
    /* The head is read before the events: what comes between the two is not passed over. */
    if (self == NULL || !bus_log_head(log, &head, error))
        return NULL;
    BusQuery query = query_of(self);
    query.limit = MAX(limit, 1);
    g_autoptr(GPtrArray) events =
        self->seq < head ? bus_query_run(log, &query, NULL, error)
                         : g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    if (events == NULL)
        return NULL;
    bool pass_over = events->len == 0 && head >= self->seq + PASS_OVER;
    bool unseen = log->clock() - self->seen_us > SEEN_EVERY_US;
    if ((pass_over || unseen) && !touch(log, self, pass_over ? head : 0, error))
        return NULL;
    return g_steal_pointer(&events);
}

static bool advance(BusLog *log, const char *name, uint64_t seq, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "UPDATE bus_subscription SET seq = CASE WHEN seq < ?1 THEN ?1 ELSE seq END, seen_us = ?2 "
        "WHERE name = ?3",
        error);
    uint64_t changed = 0;
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)seq);
    base_db_bind_int(statement, 2, log->clock());
    base_db_bind_text(statement, 3, name);
    if (!base_db_run(statement, &changed, error))
        return false;
    return changed != 0 || set_not_found(error, name);
}

static bool check_seq(BusLog *log, uint64_t seq, GError **error)
{
    uint64_t head = 0;
    if (!bus_log_head(log, &head, error))
        return false;
    if (seq <= head)
        return true;
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                "event %" G_GUINT64_FORMAT
                " cannot be done with: the log ends at %" G_GUINT64_FORMAT,
                seq, head);
    return false;
}

bool bus_subscription_ack(BusLog *log, const char *name, uint64_t seq, GError **error)
{
    bool began = false;
    if (!begin(log, &began, error))
        return false;
    return end(log, began, check_seq(log, seq, error) && advance(log, name, seq, error), error);
}

static bool park(BusLog *log, const char *name, uint64_t seq, const char *reason, GError **error)
{
    g_autofree char *text = g_utf8_make_valid(reason, MIN((gssize)strlen(reason), 1000));
    if (!check_seq(log, seq, error) || !advance(log, name, seq, error))
        return false;
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "INSERT INTO bus_dead (name, seq, reason, parked_us) VALUES (?1, ?2, ?3, ?4) ON CONFLICT "
        "(name, seq) DO UPDATE SET reason = excluded.reason, parked_us = excluded.parked_us",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, (int64_t)seq);
    base_db_bind_text(statement, 3, text);
    base_db_bind_int(statement, 4, log->clock());
    return base_db_run(statement, NULL, error);
}

bool bus_subscription_park(BusLog *log, const char *name, uint64_t seq, const char *reason,
                           GError **error)
{
    bool began = false;
    if (!begin(log, &began, error))
        return false;
    return end(log, began, park(log, name, seq, reason, error), error);
}

static GArray *load_rows(BusLog *log, GError **error)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
    BaseDbStatement *statement = base_db_prepare(log->db, ROW_SQL " ORDER BY name", error);
    bool more = true;
    while (statement != NULL && base_db_step(statement, &more, error)) {
        if (!more)
            return g_steal_pointer(&rows);
        Row row = {0};
        read_row(statement, &row);
        g_array_append_val(rows, row);
    }
    for (guint i = 0; i < rows->len; i++)
        bus_subscription_free(g_array_index(rows, Row, i).subscription);
    return NULL;
}

static bool count_lag(BusLog *log, BusSubscription *self, GError **error)
{
    BusQuery query = query_of(self);
    g_autoptr(GPtrArray) none = bus_query_run(log, &query, &self->lag, error);
    return none != NULL;
}

GPtrArray *bus_subscription_list(BusLog *log, GError **error)
{
    g_autoptr(GPtrArray) list =
        g_ptr_array_new_with_free_func((GDestroyNotify)bus_subscription_free);
    g_autoptr(GArray) rows = load_rows(log, error);
    for (guint i = 0; rows != NULL && i < rows->len; i++)
        g_ptr_array_add(list, g_array_index(rows, Row, i).subscription);
    for (guint i = 0; i < list->len; i++) {
        if (!count_lag(log, list->pdata[i], error))
            return NULL;
    }
    return rows != NULL ? g_steal_pointer(&list) : NULL;
}

static bool remove_rows(BusLog *log, const char *name, GError **error)
{
    uint64_t changed = 0;
    BaseDbStatement *statement =
        base_db_prepare(log->db, "DELETE FROM bus_dead WHERE name = ?1", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    if (!base_db_run(statement, NULL, error))
        return false;
    statement = base_db_prepare(log->db, "DELETE FROM bus_subscription WHERE name = ?1", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    if (!base_db_run(statement, &changed, error))
        return false;
    return changed != 0 || set_not_found(error, name);
}

bool bus_subscription_remove(BusLog *log, const char *name, GError **error)
{
    bool began = false;
    if (!begin(log, &began, error))
        return false;
    return end(log, began, remove_rows(log, name, error), error);
}

GPtrArray *bus_subscription_dead(BusLog *log, const char *name, GError **error)
{
    g_autoptr(BusSubscription) self = find(log, name, error);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)bus_dead_free);
    if (self == NULL)
        return NULL;
    BaseDbStatement *statement = base_db_prepare(
        log->db, "SELECT seq, reason, parked_us FROM bus_dead WHERE name = ?1 ORDER BY seq", error);
    bool row = true;
    if (statement == NULL)
        return NULL;
    base_db_bind_text(statement, 1, name);
    while (base_db_step(statement, &row, error)) {
        if (!row)
            return g_steal_pointer(&list);
        BusDead *dead = g_new0(BusDead, 1);
        dead->seq = (uint64_t)base_db_column_int(statement, "seq");
        dead->reason = g_strdup(base_db_column_text(statement, "reason"));
        dead->parked_us = base_db_column_int(statement, "parked_us");
        g_ptr_array_add(list, dead);
    }
    return NULL;
}

bool bus_subscription_unpark(BusLog *log, const char *name, uint64_t seq, GError **error)
{
    uint64_t changed = 0;
    BaseDbStatement *statement =
        base_db_prepare(log->db, "DELETE FROM bus_dead WHERE name = ?1 AND seq = ?2", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, name);
    base_db_bind_int(statement, 2, (int64_t)MIN(seq, (uint64_t)INT64_MAX));
    if (!base_db_run(statement, &changed, error))
        return false;
    if (changed == 0)
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND,
                    "event %" G_GUINT64_FORMAT " is not parked in ‘%s’", seq, name);
    return changed != 0;
}

static bool set_alarmed(BusLog *log, const char *name, bool alarmed, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, "UPDATE bus_subscription SET alarmed = ?1 WHERE name = ?2", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, alarmed);
    base_db_bind_text(statement, 2, name);
    return base_db_run(statement, NULL, error);
}

static bool raise_alarm(BusLog *log, const BusSubscription *self, GError **error)
{
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "subscription", self->name);
    json_object_set_int_member(body, "lag", (gint64)self->lag);
    json_object_set_int_member(body, "lag-alarm", (gint64)self->lag_alarm);
    g_autofree char *seen = bus_time_print(self->seen_us);
    json_object_set_string_member(body, "seen", seen);
    BusDraft draft = {.topic = BUS_TOPIC_OWN "subscription.lagging",
                      .actor = "service:bus",
                      .severity = BUS_SEVERITY_WARNING,
                      .body = body};
    return bus_append_own(log, &draft, 1, NULL, error);
}

/* Also in the transaction of the alarm, so that two servers do not both raise it. */
static bool check_rows(BusLog *log, unsigned *alarms, GError **error)
{
    BusHead head;
    if (!bus_head_load(log, BUS_HEAD_LOCK, &head, error))
        return false;
    g_autoptr(GArray) rows = load_rows(log, error);
    bool ok = rows != NULL;
    for (guint i = 0; rows != NULL && i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);
        g_autoptr(BusSubscription) self = row->subscription;
        if (!ok || self->lag_alarm == 0)
            continue;
        ok = count_lag(log, self, error);
        if (ok && !row->alarmed && self->lag > self->lag_alarm) {
            ok = raise_alarm(log, self, error) && set_alarmed(log, self->name, true, error);
            (*alarms)++;
        } else if (ok && row->alarmed && self->lag <= self->lag_alarm / 2) {
            ok = set_alarmed(log, self->name, false, error);
        }
    }
    return ok;
}

/* Without the lock first: most of the time there is nothing to do. */
static bool is_due(BusLog *log, bool *out_due, GError **error)
{
    g_autoptr(GArray) rows = load_rows(log, error);
    bool ok = rows != NULL;
    *out_due = false;
    for (guint i = 0; rows != NULL && i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);
        g_autoptr(BusSubscription) self = row->subscription;
        if (!ok || self->lag_alarm == 0)
            continue;
        ok = count_lag(log, self, error);
        *out_due = *out_due ||
                   (row->alarmed ? self->lag <= self->lag_alarm / 2 : self->lag > self->lag_alarm);
    }
    return ok;
}

bool bus_subscription_check_lag(BusLog *log, unsigned *out_alarms, GError **error)
{
    bool due = false;
    bool began = false;
    unsigned alarms = 0;
    if (!is_due(log, &due, error))
        return false;
    if (due &&
        (!begin(log, &began, error) || !end(log, began, check_rows(log, &alarms, error), error)))
        return false;
    if (out_alarms != NULL)
        *out_alarms = alarms;
    return true;
}
