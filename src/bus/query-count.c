/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How many events match, and when they happened: off the blocks' summaries where these say it,
 * by reading where they do not.
 */
#include "bus/block.h"
#include "bus/log-private.h"
#include "bus/query-plan.h"
#include "bus/refs.h"

#include <string.h>

static bool has_no_filter(const BusQuery *query)
{
    return !bus_filter_has_any(&query->topics) && !bus_filter_has_any(&query->categories) &&
           !bus_filter_has_any(&query->actors) && !bus_filter_has_any(&query->objects) &&
           !bus_filter_has_any(&query->users) && !bus_filter_has_any(&query->packages);
}

typedef struct {
    const BusPlan *plan;
    uint64_t sum;
} Sum;

static bool add_entry(const BusRefsEntry *entry, uint64_t block, void *user_data)
{
    Sum *self = user_data;
    if (bus_plan_part(self->plan, block) == BUS_PLAN_WHOLE)
        self->sum += entry->n;
    return true;
}

static uint64_t count_whole(const BusPlan *plan, const BusSpan *span)
{
    GHashTableIter iter;
    gpointer part = NULL;
    uint64_t n = 0;
    if (plan->window == NULL)
        return span->high - span->low + 1;
    g_hash_table_iter_init(&iter, plan->window);
    while (g_hash_table_iter_next(&iter, NULL, &part))
        n += GPOINTER_TO_UINT(part) == BUS_PLAN_WHOLE ? BUS_BLOCK_EVENTS : 0;
    return n;
}

/* Over the blocks that lie in the window as a whole. @keys (nullable): of these names; else all. */
static bool sum_blocks(BusLog *log, const BusPlan *plan, const BusSpan *span, const GArray *keys,
                       uint64_t *out_sum, GError **error)
{
    *out_sum = 0;
    if (span->low == 0)
        return true;
    if (keys == NULL) {
        *out_sum = count_whole(plan, span);
        return true;
    }
    Sum sum = {.plan = plan};
    if (!bus_refs_load(log->db, keys, (span->low - 1) / BUS_BLOCK_EVENTS,
                       (span->high - 1) / BUS_BLOCK_EVENTS, add_entry, &sum, error))
        return false;
    *out_sum = sum.sum;
    return true;
}

bool bus_query_count_one(BusEvent *event, void *user_data, GError **error)
{
    uint64_t *count = user_data;
    bus_event_free(event);
    (*count)++;
    return *count < BUS_QUERY_COUNT_MAX;
}

/* The blocks that the window cuts: two, unless times go back and forth. */
static bool add_cut_blocks(BusLog *log, const BusQuery *query, const BusPlan *plan, uint64_t *total,
                           GError **error)
{
    GHashTableIter iter;
    gpointer block = NULL;
    gpointer part = NULL;
    if (plan->window == NULL)
        return true;
    g_hash_table_iter_init(&iter, plan->window);
    while (g_hash_table_iter_next(&iter, &block, &part)) {
        uint64_t count = 0;
        if (GPOINTER_TO_UINT(part) == BUS_PLAN_CUT &&
            !bus_plan_count_block(log, query, GPOINTER_TO_SIZE(block), &count, error))
            return false;
        *total += count;
    }
    return true;
}

static bool add_summed(BusLog *log, const BusQuery *query, const BusPlan *plan, const BusSpan *span,
                       uint64_t *total, GError **error)
{
    uint64_t more = 0;
    uint64_t less = 0;
    if (!sum_blocks(log, plan, span, plan->plus, &more, error) ||
        (plan->minus != NULL && !sum_blocks(log, plan, span, plan->minus, &less, error)))
        return false;
    *total += more;
    *total -= MIN(less, *total);
    return add_cut_blocks(log, query, plan, total, error);
}

typedef struct {
    uint64_t unread_left;
    uint64_t read;
} Tally;

static bool tally(BusEvent *event, void *user_data, GError **error)
{
    Tally *self = user_data;
    bus_event_free(event);
    self->read++;
    return self->read < self->unread_left;
}

/* Index rows are counted, and events of which the index does not say enough read. */
static bool add_walked(BusLog *log, const BusQuery *query, const BusPlan *plan, const BusSpan *span,
                       uint64_t *total, GError **error)
{
    if (plan->indexed) {
        bool ok = bus_plan_count(plan, log, query, span, BUS_QUERY_COUNT_MAX, total, error);
        *total = MIN(*total, BUS_QUERY_COUNT_MAX);
        return ok;
    }
    Tally tallied = {.unread_left = BUS_QUERY_COUNT_MAX};
    if (!bus_query_walk_on(log, query, plan, span->low, span->high, &tallied.unread_left, tally,
                           &tallied, NULL, error))
        return false;
    *total += tallied.read + BUS_QUERY_COUNT_MAX - tallied.unread_left;
    *total = MIN(*total, BUS_QUERY_COUNT_MAX);
    return true;
}

bool bus_query_count(BusLog *log, const BusQuery *query, const BusPlan *plan, const BusSpan *span,
                     const GPtrArray *tail, uint64_t *out_total, GError **error)
{
    uint64_t total = 0;
    for (guint i = 0; i < tail->len; i++)
        total += bus_query_matches(query, tail->pdata[i]);
    if (!(plan->summed ? add_summed(log, query, plan, span, &total, error)
                       : add_walked(log, query, plan, span, &total, error)))
        return false;
    *out_total = total;
    return true;
}

typedef struct {
    int64_t bucket_us;
    const char *group;
    GHashTable *counts; /* "bucket\tgroup" → uint64 */
} Histogram;

static void add_to_bucket(Histogram *self, int64_t time_us, const char *group, uint64_t n)
{
    g_autofree char *key =
        g_strdup_printf("%020" G_GINT64_FORMAT "\t%s", time_us - time_us % self->bucket_us, group);
    uint64_t *count = g_hash_table_lookup(self->counts, key);
    if (count == NULL) {
        count = g_new0(uint64_t, 1);
        g_hash_table_insert(self->counts, g_steal_pointer(&key), count);
    }
    *count += n;
}

static bool add_event(BusEvent *event, void *user_data, GError **error)
{
    Histogram *self = user_data;
    g_autoptr(BusEvent) owned = event;
    g_autofree char *category = NULL;
    const char *group = "";
    if (g_strcmp0(self->group, BUS_KIND_TOPIC) == 0)
        group = event->topic;
    else if (g_strcmp0(self->group, BUS_KIND_ACTOR) == 0)
        group = event->actor;
    else if (g_strcmp0(self->group, BUS_KIND_CATEGORY) == 0) {
        category = bus_topic_category(event->topic);
        group = category;
    }
    add_to_bucket(self, event->time_us, group, 1);
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GVariant *print_histogram(Histogram *self)
{
    guint n = 0;
    g_autofree char **keys = (char **)g_hash_table_get_keys_as_array(self->counts, &n);
    GVariantBuilder builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("a(xst)"));
    if (n > 0)
        qsort(keys, n, sizeof keys[0], compare_keys);
    for (guint i = 0; i < n; i++) {
        const uint64_t *count = g_hash_table_lookup(self->counts, keys[i]);
        g_variant_builder_add(&builder, "(xst)", g_ascii_strtoll(keys[i], NULL, 10),
                              strchr(keys[i], '\t') + 1, *count);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

/* Whole: all of it lies in the window and in one bucket, and its counts say all. */
typedef struct {
    uint64_t block;
    int64_t min_us;
    BusPlanPart part;
} Slice;

static bool is_plain(const BusPlan *plan)
{
    return plan->summed && plan->plus == NULL && plan->minus == NULL;
}

/* The blocks of @span, of which every one is there, in order. */
static GArray *read_slices(BusLog *log, const BusPlan *plan, const BusSpan *span,
                           const Histogram *histogram, GError **error)
{
    g_autoptr(GArray) slices = g_array_new(FALSE, FALSE, sizeof(Slice));
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "SELECT block, min_us, max_us FROM bus_block WHERE block >= ?1 AND block <= ?2 ORDER BY "
        "block",
        error);
    bool row = true;
    if (statement == NULL)
        return NULL;
    base_db_bind_int(statement, 1, (int64_t)((span->low - 1) / BUS_BLOCK_EVENTS));
    base_db_bind_int(statement, 2, (int64_t)((span->high - 1) / BUS_BLOCK_EVENTS));
    while (base_db_step(statement, &row, error)) {
        if (!row)
            return g_steal_pointer(&slices);
        int64_t max_us = base_db_column_int(statement, "max_us");
        Slice slice = {.block = (uint64_t)base_db_column_int(statement, "block"),
                       .min_us = base_db_column_int(statement, "min_us")};
        slice.part = bus_plan_part(plan, slice.block);
        if (slice.part == BUS_PLAN_WHOLE &&
            (!is_plain(plan) ||
             slice.min_us / histogram->bucket_us != max_us / histogram->bucket_us))
            slice.part = BUS_PLAN_CUT;
        g_array_append_val(slices, slice);
    }
    return NULL;
}

typedef struct {
    Histogram *histogram;
    const GArray *slices;
    GHashTable *names; /* key → name */
    GArray *keys;
} Groups;

static bool add_group(const BusRefsEntry *entry, uint64_t block, void *user_data)
{
    Groups *self = user_data;
    uint64_t at = block - g_array_index(self->slices, Slice, 0).block;
    if (at >= self->slices->len)
        return false; /* blocks before it are missing */
    const Slice *slice = &g_array_index(self->slices, Slice, at);
    if (slice->part == BUS_PLAN_WHOLE)
        add_to_bucket(self->histogram, slice->min_us, g_hash_table_lookup(self->names, &entry->h),
                      entry->n);
    return true;
}

static void add_name(int64_t h, const char *name, void *user_data)
{
    Groups *self = user_data;
    g_array_append_val(self->keys, h);
    g_hash_table_insert(self->names, g_memdup2(&h, sizeof h), g_strdup(name));
}

static bool add_whole(BusLog *log, const GArray *slices, Histogram *self, GError **error)
{
    for (guint i = 0; self->group == NULL && i < slices->len; i++) {
        const Slice *slice = &g_array_index(slices, Slice, i);
        if (slice->part == BUS_PLAN_WHOLE)
            add_to_bucket(self, slice->min_us, "", BUS_BLOCK_EVENTS);
    }
    if (self->group == NULL || slices->len == 0)
        return true;
    g_autoptr(GHashTable) names =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(int64_t));
    Groups groups = {self, slices, names, keys};
    return bus_block_each_name(log, self->group, add_name, &groups, error) &&
           bus_refs_load(log->db, keys, g_array_index(slices, Slice, 0).block,
                         g_array_index(slices, Slice, slices->len - 1).block, add_group, &groups,
                         error);
}

/* Whole blocks are summed by their counts; those that are cut, which are returned, are read. */
static GArray *add_whole_blocks(BusLog *log, const BusPlan *plan, const BusSpan *span,
                                Histogram *self, GError **error)
{
    g_autoptr(GArray) slices = read_slices(log, plan, span, self, error);
    if (slices == NULL || (is_plain(plan) && !add_whole(log, slices, self, error)))
        return NULL;
    GArray *others = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (guint i = 0; i < slices->len; i++) {
        const Slice *slice = &g_array_index(slices, Slice, i);
        if (slice->part == BUS_PLAN_CUT)
            g_array_append_val(others, slice->block);
    }
    return others;
}

static bool build(BusLog *log, const BusQuery *query, Histogram *self, GError **error)
{
    BusSpan span = {0};
    g_autoptr(BusPlan) plan = bus_plan_new(log, query, error);
    if (plan == NULL || !bus_query_span(log, query, plan, &span, error) ||
        !bus_query_walk_tail(log, query, &span, add_event, self, error))
        return false;
    if (span.low == 0)
        return true;
    g_autoptr(GArray) blocks = add_whole_blocks(log, plan, &span, self, error);
    if (blocks == NULL)
        return false;
    if (blocks->len > BUS_QUERY_EXAMINED_MAX / BUS_BLOCK_EVENTS && has_no_filter(query)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE,
                    "a histogram of more than %d events that no summary covers; narrow the window "
                    "or widen the buckets",
                    BUS_QUERY_EXAMINED_MAX);
        return false;
    }
    for (guint i = 0; i < blocks->len; i++) {
        uint64_t low = g_array_index(blocks, uint64_t, i) * BUS_BLOCK_EVENTS + 1;
        if (!bus_query_walk(log, query, MAX(low, span.low), low + BUS_BLOCK_EVENTS - 1,
                            BUS_BLOCK_EVENTS, add_event, self, NULL, error))
            return false;
    }
    return true;
}

GVariant *bus_query_histogram(BusLog *log, const BusQuery *query, int64_t bucket_us,
                              const char *group, GError **error)
{
    bool began = false;
    if (bucket_us <= 0 ||
        (group != NULL && strcmp(group, BUS_KIND_TOPIC) != 0 &&
         strcmp(group, BUS_KIND_CATEGORY) != 0 && strcmp(group, BUS_KIND_ACTOR) != 0)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "a histogram needs a width, and groups by topic, category or actor");
        return NULL;
    }
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Histogram histogram = {bucket_us, group, counts};
    if (!bus_query_begin(log, &began, error))
        return NULL;
    bool ok = build(log, query, &histogram, error);
    bus_query_end(log, began);
    return ok ? print_histogram(&histogram) : NULL;
}
