/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/**
 * BusFilter:
 * @any: (owned) (nullable): values of which one must match; %NULL for no condition
 * @none: (owned) (nullable): values of which none may match
 *
 * Values of one name are joined by OR, names by AND (datagrepper's rule).
 */
typedef struct {
    char **any;
    char **none;
} BusFilter;

/** BusOrder: of the answer, by sequence number */
typedef enum { BUS_ORDER_DESC, BUS_ORDER_ASC } BusOrder;

/**
 * BusQuery:
 * @topics: whole topics, or globs with "*"
 * @categories: the fourth word of the topic
 * @actors: as in the event
 * @objects: "kind:id"
 * @users: objects of kind "user"; @packages: of kind "rpm", "deb" or "package"
 * @contains: words of the body (substring)
 * @severity_min: 0 for all
 * @start_us: inclusive, 0 for the beginning
 * @end_us: exclusive, 0 for now and later
 * @order: see #BusOrder
 * @after_seq: only events past it; 0 for all
 * @offset: rows to skip
 * @limit: rows to return; 0 only counts
 *
 * What to look for. Zeroed means everything.
 */
typedef struct {
    BusFilter topics;
    BusFilter categories;
    BusFilter actors;
    BusFilter objects;
    BusFilter users;
    BusFilter packages;
    BusFilter contains;
    unsigned severity_min;
    int64_t start_us;
    int64_t end_us;
    BusOrder order;
    uint64_t after_seq;
    uint64_t offset;
    unsigned limit;
} BusQuery;

void bus_query_clear(BusQuery *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BusQuery, bus_query_clear)

/** BUS_QUERY_COUNT_MAX: where counting without a summary ends; there may be more, and a page past
 * it is found nevertheless */
#define BUS_QUERY_COUNT_MAX 100000

/** BUS_QUERY_PASSED_MAX: matches before a page that are passed over by the index alone, at most */
#define BUS_QUERY_PASSED_MAX 1000000

/** BUS_QUERY_EXAMINED_MAX: events that one query reads at most */
#define BUS_QUERY_EXAMINED_MAX 500000

/**
 * bus_query_run:
 * @out_total: (out) (optional): how many match in all. Read off a summary, so exact and cheap,
 *   when the query has no filter, or filters of either actors or topics and categories, with or
 *   without a window of time, or one object. Else matches are counted, up to
 *   %BUS_QUERY_COUNT_MAX: that number means that many or more
 * @error: %BUS_ERROR_INVALID for @contains without a start and a topic or category;
 *   %BUS_ERROR_TOO_LARGE when the page is not found: within %BUS_QUERY_EXAMINED_MAX events that
 *   have to be read, or behind %BUS_QUERY_PASSED_MAX matches that do not. A query with a total off
 *   a summary finds any page
 *
 * Returns: (transfer full) (element-type BusEvent): the page that was asked for
 */
GPtrArray *bus_query_run(BusLog *log, const BusQuery *query, uint64_t *out_total,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_query_matches: whether @event fits the filters of @query (paging apart): for live readers */
bool bus_query_matches(const BusQuery *query, const BusEvent *event);

/**
 * bus_query_histogram:
 * @bucket_us: width of a bucket
 * @group: (nullable): "topic", "category" or "actor"
 *
 * Returns: (transfer full): a(xst): start of the bucket in microseconds, the group or "", how
 *   many events; ordered by both
 */
GVariant *bus_query_histogram(BusLog *log, const BusQuery *query, int64_t bucket_us,
                              const char *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
