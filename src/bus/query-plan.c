/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the index alone decides of a query: how many events of a block match, and which do. Then
 * a page far back is found without reading what lies before it.
 */
#include "bus/query-plan.h"

#include "bus/block.h"
#include "bus/log-private.h"
#include "bus/refs.h"

#include <string.h>

/* With more names than this nothing is summed. */
#define KEYS_MAX 512

static bool has_none(const BusFilter *filter)
{
    return filter->none != NULL && filter->none[0] != NULL;
}

static bool is_used(const BusFilter *filter)
{
    return bus_filter_has_any(filter) || has_none(filter);
}

/* Whether the stream lets through just the matches, as far as blocks in the window go. */
static bool is_indexed(const BusQuery *query, const BusStream *stream)
{
    const BusFilter *const filters[] = {&query->topics,  &query->categories, &query->actors,
                                        &query->objects, &query->users,      &query->packages,
                                        &query->contains};
    for (unsigned i = 0; i < G_N_ELEMENTS(filters); i++) {
        if (has_none(filters[i]))
            return false;
    }
    return !bus_filter_has_any(&query->contains) && query->severity_min == 0 &&
           query->after_seq == 0 && bus_stream_is_exact(stream);
}

static bool has_globs(const BusFilter *filter)
{
    for (unsigned i = 0; filter->any != NULL && filter->any[i] != NULL; i++) {
        if (strchr(filter->any[i], '*') != NULL)
            return true;
    }
    for (unsigned i = 0; filter->none != NULL && filter->none[i] != NULL; i++) {
        if (strchr(filter->none[i], '*') != NULL)
            return true;
    }
    return false;
}

static void add_key(BusLog *log, GArray *keys, const char *kind, const char *name)
{
    int64_t key = bus_hash_name(log->sha256, kind, name);
    for (guint i = 0; i < keys->len; i++) {
        if (g_array_index(keys, int64_t, i) == key)
            return;
    }
    g_array_append_val(keys, key);
}

static void add_values(BusPlan *self, BusLog *log, const char *kind, const BusFilter *filter)
{
    self->minus = bus_filter_has_any(filter) ? NULL : g_array_new(FALSE, FALSE, sizeof(int64_t));
    self->plus = bus_filter_has_any(filter) ? g_array_new(FALSE, FALSE, sizeof(int64_t)) : NULL;
    for (unsigned i = 0; self->plus != NULL && filter->any[i] != NULL; i++) {
        if (filter->none == NULL ||
            !g_strv_contains((const char *const *)filter->none, filter->any[i]))
            add_key(log, self->plus, kind, filter->any[i]);
    }
    for (unsigned i = 0; self->minus != NULL && filter->none[i] != NULL; i++)
        add_key(log, self->minus, kind, filter->none[i]);
}

typedef struct {
    const BusQuery *query;
    GArray *keys;
} Topics;

static void add_topic(int64_t h, const char *name, void *user_data)
{
    const Topics *self = user_data;
    if (self->keys->len <= KEYS_MAX && bus_query_matches_topic(self->query, name))
        g_array_append_val(self->keys, h);
}

/* A topic says its category: filters of both come to a list of topics. */
static bool add_topics(BusPlan *self, BusLog *log, const BusQuery *query, GError **error)
{
    self->plus = g_array_new(FALSE, FALSE, sizeof(int64_t));
    Topics topics = {query, self->plus};
    return bus_block_each_name(log, BUS_KIND_TOPIC, add_topic, &topics, error);
}

/* An object that is all that the query asks for: events have several, so of two it would not do. */
static void find_object(BusPlan *self, const BusStream *stream)
{
    int64_t key = 0;
    if (!self->indexed || self->summed || !bus_stream_only_name(stream, &key))
        return;
    self->plus = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_array_append_val(self->plus, key);
    self->summed = true;
}

/* Of what every event has just one of, counts add up: they are used when no other filter is. */
static bool find_keys(BusPlan *self, BusLog *log, const BusQuery *query, GError **error)
{
    bool topics = is_used(&query->topics);
    bool categories = is_used(&query->categories);
    bool actors = is_used(&query->actors);
    if (is_used(&query->objects) || is_used(&query->users) || is_used(&query->packages) ||
        is_used(&query->contains) || query->severity_min != 0 || query->after_seq != 0 ||
        (actors && (topics || categories)))
        return true;
    if (actors)
        add_values(self, log, BUS_KIND_ACTOR, &query->actors);
    else if (categories && !topics)
        add_values(self, log, BUS_KIND_CATEGORY, &query->categories);
    else if (topics && !categories && !has_globs(&query->topics))
        add_values(self, log, BUS_KIND_TOPIC, &query->topics);
    else if (topics && !add_topics(self, log, query, error))
        return false;
    self->summed = (self->plus == NULL || self->plus->len <= KEYS_MAX) &&
                   (self->minus == NULL || self->minus->len <= KEYS_MAX);
    return true;
}

/* Times may go back and forth, as in what was imported: the blocks need not be neighbours. */
static GHashTable *find_window(BusLog *log, const BusQuery *query, GError **error)
{
    g_autoptr(GHashTable) window = g_hash_table_new(g_direct_hash, g_direct_equal);
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "SELECT block, CASE WHEN min_us >= ?1 AND max_us < ?2 THEN 1 ELSE 0 END AS whole FROM "
        "bus_block WHERE max_us >= ?1 AND min_us < ?2",
        error);
    bool row = true;
    if (statement == NULL)
        return NULL;
    bus_query_bind_window(statement, 1, query);
    while (base_db_step(statement, &row, error)) {
        if (!row)
            return g_steal_pointer(&window);
        BusPlanPart part =
            base_db_column_int(statement, "whole") != 0 ? BUS_PLAN_WHOLE : BUS_PLAN_CUT;
        g_hash_table_insert(window, GSIZE_TO_POINTER((gsize)base_db_column_int(statement, "block")),
                            GUINT_TO_POINTER(part));
    }
    return NULL;
}

BusPlan *bus_plan_new(BusLog *log, const BusQuery *query, GError **error)
{
    g_autoptr(BusPlan) self = g_new0(BusPlan, 1);
    g_autoptr(BusStream) stream = bus_stream_new(log, query, 1, 0, error);
    if (stream == NULL || !find_keys(self, log, query, error))
        return NULL;
    self->indexed = is_indexed(query, stream);
    self->counted = g_array_new(FALSE, FALSE, sizeof(BusPlanBlock));
    find_object(self, stream);
    if (bus_query_has_window(query) && (self->window = find_window(log, query, error)) == NULL)
        return NULL;
    return g_steal_pointer(&self);
}

void bus_plan_free(BusPlan *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->plus, g_array_unref);
    g_clear_pointer(&self->minus, g_array_unref);
    g_clear_pointer(&self->counted, g_array_unref);
    g_clear_pointer(&self->window, g_hash_table_unref);
    g_free(self);
}

BusPlanPart bus_plan_part(const BusPlan *self, uint64_t block)
{
    /* of what is not in the table the value is NULL: outside */
    return self->window == NULL
               ? BUS_PLAN_WHOLE
               : GPOINTER_TO_UINT(g_hash_table_lookup(self->window, GSIZE_TO_POINTER(block)));
}

bool bus_plan_limits(const BusPlan *self, uint64_t *out_first, uint64_t *out_last)
{
    GHashTableIter iter;
    gpointer block = NULL;
    *out_first = UINT64_MAX;
    *out_last = 0;
    g_hash_table_iter_init(&iter, self->window);
    while (g_hash_table_iter_next(&iter, &block, NULL)) {
        *out_first = MIN(*out_first, GPOINTER_TO_SIZE(block));
        *out_last = MAX(*out_last, GPOINTER_TO_SIZE(block));
    }
    return g_hash_table_size(self->window) > 0;
}

bool bus_plan_decides(const BusPlan *self, uint64_t seq)
{
    return self->indexed && bus_plan_part(self, (seq - 1) / BUS_BLOCK_EVENTS) == BUS_PLAN_WHOLE;
}

typedef struct {
    GArray *weights;
    uint64_t first;
    int sign;
} Weighing;

static bool add_weight(const BusRefsEntry *entry, uint64_t block, void *user_data)
{
    Weighing *self = user_data;
    g_array_index(self->weights, int32_t, block - self->first) += self->sign * (int32_t)entry->n;
    return true;
}

/* Adds or, with @sign -1, takes off what the blocks from @first on have of each key. */
static bool add_counts(BusLog *log, const GArray *keys, int sign, uint64_t first, GArray *weights,
                       GError **error)
{
    Weighing weighing = {weights, first, sign};
    return bus_refs_load(log->db, keys, first, first + weights->len - 1, add_weight, &weighing,
                         error);
}

/* How many events of each block match, were all of them in the window. */
static GArray *weigh(const BusPlan *self, BusLog *log, uint64_t first, uint64_t n, GError **error)
{
    g_autoptr(GArray) weights = g_array_sized_new(FALSE, TRUE, sizeof(int32_t), (guint)n);
    g_array_set_size(weights, (guint)n);
    for (guint i = 0; self->plus == NULL && i < n; i++)
        g_array_index(weights, int32_t, i) = BUS_BLOCK_EVENTS;
    if ((self->plus != NULL && !add_counts(log, self->plus, 1, first, weights, error)) ||
        (self->minus != NULL && !add_counts(log, self->minus, -1, first, weights, error)))
        return NULL;
    return g_steal_pointer(&weights);
}

bool bus_plan_count_block(BusLog *log, const BusQuery *query, uint64_t block, uint64_t *out_count,
                          GError **error)
{
    uint64_t low = block * BUS_BLOCK_EVENTS + 1;
    *out_count = 0;
    return bus_query_walk(log, query, low, low + BUS_BLOCK_EVENTS - 1, BUS_BLOCK_EVENTS,
                          bus_query_count_one, out_count, NULL, error);
}

/* Mends @weight, the matches of a block that lies in the window as a whole. */
static bool weigh_block(const BusPlan *self, BusLog *log, const BusQuery *query, uint64_t block,
                        uint64_t *weight, GError **error)
{
    BusPlanPart part = bus_plan_part(self, block);
    if (part == BUS_PLAN_CUT)
        return bus_plan_count_block(log, query, block, weight, error);
    if (part == BUS_PLAN_OUTSIDE)
        *weight = 0;
    return true;
}

static bool skip_blocks(const BusPlan *self, BusLog *log, const BusQuery *query, BusSpan *span,
                        uint64_t *skip, GError **error)
{
    bool descending = query->order == BUS_ORDER_DESC;
    uint64_t first = (span->low - 1) / BUS_BLOCK_EVENTS;
    uint64_t n = (span->high - 1) / BUS_BLOCK_EVENTS - first + 1;
    g_autoptr(GArray) weights = weigh(self, log, first, n, error);
    uint64_t i = 0;
    for (; weights != NULL && i < n; i++) {
        uint64_t at = descending ? n - 1 - i : i;
        uint64_t weight = (uint64_t)MAX(0, g_array_index(weights, int32_t, at));
        if (weight > 0 && !weigh_block(self, log, query, first + at, &weight, error))
            return false;
        if (weight > *skip)
            break;
        *skip -= weight;
    }
    if (i == n)
        span->low = span->high = 0;
    else if (descending)
        span->high = (first + n - i) * BUS_BLOCK_EVENTS;
    else
        span->low = (first + i) * BUS_BLOCK_EVENTS + 1;
    return weights != NULL;
}

bool bus_plan_count(const BusPlan *self, BusLog *log, const BusQuery *query, const BusSpan *span,
                    uint64_t max, uint64_t *total, GError **error)
{
    g_assert(self->indexed);
    if (span->low == 0)
        return true;
    g_autoptr(BusStream) stream = bus_stream_new(log, query, span->low, span->high, error);
    unsigned n = 1;
    while (stream != NULL && n > 0 && *total < max) {
        uint64_t block = 0;
        if (!bus_stream_next_block(stream, &block, &n, error))
            return false;
        BusPlanBlock counted = {block, n};
        if (n > 0 && !weigh_block(self, log, query, block, &counted.n, error))
            return false;
        if (n > 0)
            g_array_append_val(self->counted, counted);
        *total += counted.n;
    }
    return stream != NULL;
}

/* Passes over blocks that were counted for the total. */
static void skip_counted(const BusPlan *self, const BusQuery *query, BusSpan *span, uint64_t *skip)
{
    bool descending = query->order == BUS_ORDER_DESC;
    for (guint i = 0; i < self->counted->len; i++) {
        const BusPlanBlock *counted = &g_array_index(self->counted, BusPlanBlock, i);
        if (counted->n > *skip)
            return;
        *skip -= counted->n;
        if (descending)
            span->high = counted->block * BUS_BLOCK_EVENTS;
        else
            span->low = (counted->block + 1) * BUS_BLOCK_EVENTS + 1;
        if (span->high < span->low) {
            span->low = span->high = 0;
            return;
        }
    }
}

bool bus_plan_skip(const BusPlan *self, BusLog *log, const BusQuery *query, BusSpan *span,
                   uint64_t *skip, GError **error)
{
    if (span->low != 0 && *skip > 0)
        skip_counted(self, query, span, skip);
    if (*skip < BUS_BLOCK_EVENTS || span->low == 0)
        return true;
    return !self->summed || skip_blocks(self, log, query, span, skip, error);
}
