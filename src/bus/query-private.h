/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/block.h"
#include "bus/stream.h"

G_BEGIN_DECLS

/**
 * BusSpan:
 * @low: first number that may match; 0 with @high 0 for none
 * @high: last one that the index has
 * @head: the log's last event; what lies between @high and it is not indexed yet
 * @tail: first event that is not indexed
 *
 * Where a query has to look.
 */
typedef struct {
    uint64_t low;
    uint64_t high;
    uint64_t tail;
    uint64_t head;
} BusSpan;

static inline bool bus_filter_has_any(const BusFilter *filter)
{
    return filter->any != NULL && filter->any[0] != NULL;
}

static inline bool bus_query_has_window(const BusQuery *query)
{
    return query->start_us != 0 || query->end_us != 0;
}

/** bus_query_bind_window: the window's start at place @at of the statement, and its end behind it
 */
static inline void bus_query_bind_window(BaseDbStatement *statement, unsigned at,
                                         const BusQuery *query)
{
    base_db_bind_int(statement, at, query->start_us);
    base_db_bind_int(statement, at + 1, query->end_us != 0 ? query->end_us : INT64_MAX);
}

typedef struct _BusPlan BusPlan;

/** bus_query_span: reads the log's state; the blocks that the query's time may lie in are @plan's
 */
bool bus_query_span(BusLog *log, const BusQuery *query, const BusPlan *plan, BusSpan *out_span,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** BusQueryFunc: gets one matching event, and owns it; %FALSE with no error set ends the walk */
typedef bool (*BusQueryFunc)(BusEvent *event, void *user_data, GError **error);

/** bus_query_walk: calls @func for each match between @low and @high, by the index; reads at most
 * @examine_max events, and @out_complete (nullable) says whether that was enough */
bool bus_query_walk(BusLog *log, const BusQuery *query, uint64_t low, uint64_t high,
                    uint64_t examine_max, BusQueryFunc func, void *user_data, bool *out_complete,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_query_walk_on: like it, but passes over the first @skip matches, unread where @plan says so;
 * @func takes the others off @skip itself */
bool bus_query_walk_on(BusLog *log, const BusQuery *query, const BusPlan *plan, uint64_t low,
                       uint64_t high, uint64_t *skip, BusQueryFunc func, void *user_data,
                       bool *out_complete, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_query_count_one: a #BusQueryFunc that counts up to %BUS_QUERY_COUNT_MAX in a uint64_t */
bool bus_query_count_one(BusEvent *event, void *user_data, GError **error);

/** bus_query_matches_topic: whether the filters of topics and categories let @topic through */
bool bus_query_matches_topic(const BusQuery *query, const char *topic);

/** bus_query_read_tail: (transfer full) (element-type BusEvent): the events that are not indexed */
GPtrArray *bus_query_read_tail(BusLog *log, const BusSpan *span,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_query_walk_tail: the same for the events that are not indexed */
bool bus_query_walk_tail(BusLog *log, const BusQuery *query, const BusSpan *span, BusQueryFunc func,
                         void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_query_count: how many match in all, those of @tail among them; see bus_query_run() */
bool bus_query_count(BusLog *log, const BusQuery *query, const BusPlan *plan, const BusSpan *span,
                     const GPtrArray *tail, uint64_t *out_total,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_query_begin: a read transaction unless one is open; @out_began is for bus_query_end() */
bool bus_query_begin(BusLog *log, bool *out_began, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_query_end(BusLog *log, bool began);

G_END_DECLS
