/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finding events: the index gives candidates, the event itself decides. The newest events, of
 * the block that is not full yet, have no index and are read.
 */
#include "bus/query.h"

#include "bus/block.h"
#include "bus/log-private.h"
#include "bus/query-plan.h"

#include <string.h>

#define FETCH_FIRST 16
#define FETCH_MAX 1024

static void clear_filter(BusFilter *self)
{
    g_clear_pointer(&self->any, g_strfreev);
    g_clear_pointer(&self->none, g_strfreev);
}

void bus_query_clear(BusQuery *self)
{
    clear_filter(&self->topics);
    clear_filter(&self->categories);
    clear_filter(&self->actors);
    clear_filter(&self->objects);
    clear_filter(&self->users);
    clear_filter(&self->packages);
    clear_filter(&self->contains);
}

typedef bool (*TestFunc)(const BusEvent *event, const char *value);

static bool test_topic(const BusEvent *event, const char *value)
{
    return bus_topic_matches(value, event->topic);
}

static bool test_category(const BusEvent *event, const char *value)
{
    g_autofree char *category = bus_topic_category(event->topic);
    return strcmp(category, value) == 0;
}

static bool test_actor(const BusEvent *event, const char *value)
{
    return strcmp(event->actor, value) == 0;
}

static bool test_object(const BusEvent *event, const char *value)
{
    return g_strv_contains((const char *const *)event->objects, value);
}

static bool has_object(const BusEvent *event, const char *kind, const char *value)
{
    size_t n = strlen(kind);
    for (unsigned i = 0; event->objects[i] != NULL; i++) {
        if (strncmp(event->objects[i], kind, n) == 0 && strcmp(event->objects[i] + n, value) == 0)
            return true;
    }
    return false;
}

static bool test_user(const BusEvent *event, const char *value)
{
    return has_object(event, "user:", value);
}

static bool test_package(const BusEvent *event, const char *value)
{
    return has_object(event, "rpm:", value) || has_object(event, "deb:", value) ||
           has_object(event, "package:", value);
}

static bool test_contains(const BusEvent *event, const char *value)
{
    return event->body != NULL && strstr(event->body, value) != NULL;
}

static bool passes(const BusFilter *filter, const BusEvent *event, TestFunc test)
{
    for (unsigned i = 0; filter->none != NULL && filter->none[i] != NULL; i++) {
        if (test(event, filter->none[i]))
            return false;
    }
    if (!bus_filter_has_any(filter))
        return true;
    for (unsigned i = 0; filter->any[i] != NULL; i++) {
        if (test(event, filter->any[i]))
            return true;
    }
    return false;
}

bool bus_query_matches_topic(const BusQuery *query, const char *topic)
{
    BusEvent event = {.topic = (char *)topic};
    return passes(&query->topics, &event, test_topic) &&
           passes(&query->categories, &event, test_category);
}

bool bus_query_matches(const BusQuery *query, const BusEvent *event)
{
    return event->seq > query->after_seq && event->severity >= query->severity_min &&
           event->time_us >= query->start_us &&
           (query->end_us == 0 || event->time_us < query->end_us) &&
           bus_query_matches_topic(query, event->topic) &&
           passes(&query->actors, event, test_actor) &&
           passes(&query->objects, event, test_object) && passes(&query->users, event, test_user) &&
           passes(&query->packages, event, test_package) &&
           passes(&query->contains, event, test_contains);
}

bool bus_query_begin(BusLog *log, bool *out_began, GError **error)
{
    *out_began = !base_db_in_transaction(log->db);
    return !*out_began || base_db_begin_read(log->db, error);
}

void bus_query_end(BusLog *log, bool began)
{
    if (began)
        base_db_rollback(log->db);
}

bool bus_query_span(BusLog *log, const BusQuery *query, const BusPlan *plan, BusSpan *out_span,
                    GError **error)
{
    uint64_t first = 0;
    uint64_t last = 0;
    BusSpan span = {0};
    if (!bus_log_head(log, &span.head, error))
        return false;
    uint64_t sealed = span.head - span.head % BUS_BLOCK_EVENTS;
    span.tail = MAX(sealed, query->after_seq) + 1;
    span.low = 1;
    span.high = sealed;
    if (plan->window != NULL) {
        bool any = bus_plan_limits(plan, &first, &last);
        span.low = any ? first * BUS_BLOCK_EVENTS + 1 : 0;
        span.high = any ? (last + 1) * BUS_BLOCK_EVENTS : 0;
    }
    span.low = MAX(span.low, query->after_seq + 1);
    if (span.low > span.high)
        span.low = span.high = 0;
    *out_span = span;
    return true;
}

/*
 * Walk:
 * @left: how many events may still be read
 * @plan: (nullable): says what of @skip is passed over unread
 * @skip: (nullable): how many matches are to be passed over
 * @passed: how many were, unread
 * @held: what the stream gave before its turn came; 0 for none
 */
typedef struct {
    BusLog *log;
    const BusQuery *query;
    BusQueryFunc func;
    void *user_data;
    uint64_t left;
    const BusPlan *plan;
    uint64_t *skip;
    uint64_t passed;
    uint64_t held;
} Walk;

/* Takes @event; @out_more is false when the walk is to end. */
static bool offer(Walk *walk, BusEvent *event, bool *out_more, GError **error)
{
    if (!bus_query_matches(walk->query, event)) {
        bus_event_free(event);
        return true;
    }
    g_autoptr(GError) local = NULL;
    *out_more = walk->func(event, walk->user_data, &local);
    if (local == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

/* In PostgreSQL one trip gets all; in SQLite there are no trips. */
static BaseDbStatement *prepare_fetch(BusLog *log, const uint64_t *seqs, unsigned n,
                                      bool descending, GError **error)
{
    if (!base_db_is_postgresql(log->db)) {
        BaseDbStatement *statement = base_db_prepare(
            log->db, "SELECT " BUS_ROW_COLUMNS " FROM bus_event WHERE seq = ?1", error);
        if (statement != NULL)
            base_db_bind_int(statement, 1, (int64_t)seqs[0]);
        return statement;
    }
    g_autoptr(GString) array = g_string_new("{");
    for (unsigned i = 0; i < n; i++)
        g_string_append_printf(array, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "", seqs[i]);
    g_string_append_c(array, '}');
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        descending ? "SELECT " BUS_ROW_COLUMNS
                     " FROM bus_event WHERE seq = ANY(?1::bigint[]) ORDER BY seq DESC"
                   : "SELECT " BUS_ROW_COLUMNS
                     " FROM bus_event WHERE seq = ANY(?1::bigint[]) ORDER BY seq",
        error);
    if (statement != NULL)
        base_db_bind_text(statement, 1, array->str);
    return statement;
}

static bool offer_rows(Walk *walk, BaseDbStatement *statement, bool *out_more, GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new();
    bool ok = true;
    for (bool row = true; ok && row;) {
        ok = base_db_step(statement, &row, error);
        BusEvent *event = ok && row ? bus_row_read(walk->log, statement, error) : NULL;
        if (event != NULL)
            g_ptr_array_add(events, event);
        ok = ok && (!row || event != NULL);
    }
    base_db_reset(statement);
    *out_more = true;
    for (guint i = 0; i < events->len; i++) {
        if (ok && *out_more)
            ok = offer(walk, events->pdata[i], out_more, error);
        else
            bus_event_free(events->pdata[i]);
    }
    return ok;
}

static bool fetch(Walk *walk, const uint64_t *seqs, unsigned n, bool *out_more, GError **error)
{
    bool descending = walk->query->order == BUS_ORDER_DESC;
    unsigned at_once = base_db_is_postgresql(walk->log->db) ? n : 1;
    *out_more = true;
    for (unsigned i = 0; i < n && *out_more; i += at_once) {
        BaseDbStatement *statement = prepare_fetch(walk->log, seqs + i, at_once, descending, error);
        if (statement == NULL || !offer_rows(walk, statement, out_more, error))
            return false;
    }
    walk->left -= MIN(walk->left, n);
    return true;
}

/* As bus_stream_next(), but not from blocks that have nothing in the window. */
static bool next(Walk *walk, BusStream *stream, uint64_t *out_seq, GError **error)
{
    for (;;) {
        if (!bus_stream_next(stream, out_seq, error))
            return false;
        if (*out_seq == 0 || walk->plan == NULL ||
            bus_plan_part(walk->plan, (*out_seq - 1) / BUS_BLOCK_EVENTS) != BUS_PLAN_OUTSIDE)
            return true;
        bus_stream_pass_block(stream);
    }
}

/* The next events to read, in @seqs; what comes before them and matches unread is passed over. */
static bool gather(Walk *walk, BusStream *stream, unsigned max, uint64_t *seqs, unsigned *out_n,
                   bool *out_more, GError **error)
{
    unsigned n = 0;
    *out_more = true;
    while (n < max && *out_more) {
        uint64_t seq = walk->held;
        walk->held = 0;
        if (seq == 0 && !next(walk, stream, &seq, error))
            return false;
        bool unread =
            seq != 0 && walk->skip != NULL && *walk->skip > 0 && bus_plan_decides(walk->plan, seq);
        if (seq == 0 || walk->passed >= BUS_QUERY_PASSED_MAX) {
            *out_more = false;
        } else if (!unread) {
            seqs[n++] = seq;
        } else if (n == 0) {
            (*walk->skip)--;
            walk->passed++;
        } else {
            /* how much is left to skip shows when the others are read */
            walk->held = seq;
            break;
        }
    }
    *out_n = n;
    return true;
}

static bool walk_range(Walk *walk, uint64_t low, uint64_t high, bool *out_complete, GError **error)
{
    bool more = low != 0 && low <= high;
    g_autoptr(BusStream) stream =
        bus_stream_new(walk->log, walk->query, more ? low : 1, more ? high : 0, error);
    if (stream == NULL)
        return false;
    unsigned at_once = FETCH_FIRST;
    while (more && walk->left > 0 && walk->passed < BUS_QUERY_PASSED_MAX) {
        uint64_t seqs[FETCH_MAX];
        unsigned n = 0;
        bool wanted = true;
        if (!gather(walk, stream, at_once, seqs, &n, &more, error) ||
            (n > 0 && !fetch(walk, seqs, n, &wanted, error)))
            return false;
        more = more && wanted;
        at_once = MIN(4 * at_once, FETCH_MAX);
    }
    if (out_complete != NULL)
        *out_complete = !more && walk->passed < BUS_QUERY_PASSED_MAX;
    return true;
}

bool bus_query_walk(BusLog *log, const BusQuery *query, uint64_t low, uint64_t high,
                    uint64_t examine_max, BusQueryFunc func, void *user_data, bool *out_complete,
                    GError **error)
{
    Walk walk = {
        .log = log, .query = query, .func = func, .user_data = user_data, .left = examine_max};
    return walk_range(&walk, low, high, out_complete, error);
}

bool bus_query_walk_on(BusLog *log, const BusQuery *query, const BusPlan *plan, uint64_t low,
                       uint64_t high, uint64_t *skip, BusQueryFunc func, void *user_data,
                       bool *out_complete, GError **error)
{
    Walk walk = {.log = log,
                 .query = query,
                 .func = func,
                 .user_data = user_data,
                 .left = BUS_QUERY_EXAMINED_MAX,
                 .plan = plan,
                 .skip = plan->indexed ? skip : NULL};
    return walk_range(&walk, low, high, out_complete, error);
}

GPtrArray *bus_query_read_tail(BusLog *log, const BusSpan *span, GError **error)
{
    if (span->tail > span->head)
        return g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    return bus_log_read(log, span->tail - 1, (unsigned)(span->head - span->tail + 1), error);
}

/* Takes the events out of @tail, which is empty then. */
static bool offer_tail(BusLog *log, const BusQuery *query, GPtrArray *tail, BusQueryFunc func,
                       void *user_data, GError **error)
{
    Walk walk = {.log = log, .query = query, .func = func, .user_data = user_data};
    bool more = true;
    bool ok = true;
    guint n = tail->len;
    for (guint i = 0; i < n && more && ok; i++) {
        guint at = query->order == BUS_ORDER_DESC ? n - 1 - i : i;
        ok = offer(&walk, g_steal_pointer(&tail->pdata[at]), &more, error);
    }
    return ok;
}

bool bus_query_walk_tail(BusLog *log, const BusQuery *query, const BusSpan *span, BusQueryFunc func,
                         void *user_data, GError **error)
{
    g_autoptr(GPtrArray) tail = bus_query_read_tail(log, span, error);
    return tail != NULL && offer_tail(log, query, tail, func, user_data, error);
}

typedef struct {
    GPtrArray *events;
    uint64_t skip;
    unsigned limit;
} Page;

static bool add_to_page(BusEvent *event, void *user_data, GError **error)
{
    Page *page = user_data;
    if (page->skip > 0) {
        page->skip--;
        bus_event_free(event);
        return true;
    }
    g_ptr_array_add(page->events, event);
    return page->events->len < page->limit;
}

static bool check(const BusQuery *query, GError **error)
{
    bool contains = bus_filter_has_any(&query->contains) ||
                    (query->contains.none != NULL && query->contains.none[0] != NULL);
    bool narrowed = bus_filter_has_any(&query->topics) || bus_filter_has_any(&query->categories);
    if (!contains || (query->start_us != 0 && narrowed))
        return true;
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                "‘contains’ reads every body: it needs a start, and a topic or a category");
    return false;
}

static bool fill(BusLog *log, const BusQuery *query, const BusPlan *plan, const BusSpan *span,
                 GPtrArray *tail, Page *page, GError **error)
{
    bool complete = true;
    bool descending = query->order == BUS_ORDER_DESC;
    BusSpan rest = *span;
    if (descending && !offer_tail(log, query, tail, add_to_page, page, error))
        return false;
    if (page->events->len < page->limit &&
        (!bus_plan_skip(plan, log, query, &rest, &page->skip, error) ||
         !bus_query_walk_on(log, query, plan, rest.low, rest.high, &page->skip, add_to_page, page,
                            &complete, error)))
        return false;
    if (!complete) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE,
                    "the page was not found among %d events; narrow the query by time, topic or "
                    "object",
                    BUS_QUERY_EXAMINED_MAX);
        return false;
    }
    return descending || page->events->len >= page->limit ||
           offer_tail(log, query, tail, add_to_page, page, error);
}

GPtrArray *bus_query_run(BusLog *log, const BusQuery *query, uint64_t *out_total, GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    Page page = {.events = events, .skip = query->offset, .limit = query->limit};
    BusSpan span = {0};
    uint64_t total = 0;
    bool began = false;
    if (!check(query, error) || !bus_query_begin(log, &began, error))
        return NULL;
    g_autoptr(BusPlan) plan = bus_plan_new(log, query, error);
    bool ok = plan != NULL && bus_query_span(log, query, plan, &span, error);
    /* Read once, for the total and the page. */
    g_autoptr(GPtrArray) tail = ok ? bus_query_read_tail(log, &span, error) : NULL;
    ok = tail != NULL &&
         (out_total == NULL || bus_query_count(log, query, plan, &span, tail, &total, error)) &&
         (query->limit == 0 || fill(log, query, plan, &span, tail, &page, error));
    bus_query_end(log, began);
    if (!ok)
        return NULL;
    if (out_total != NULL)
        *out_total = total;
    return g_steal_pointer(&events);
}
