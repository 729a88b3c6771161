/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/query-private.h"

G_BEGIN_DECLS

/** BusPlanPart: how much of a block's span of times lies in a query's window */
typedef enum {
    BUS_PLAN_OUTSIDE,
    BUS_PLAN_CUT,
    BUS_PLAN_WHOLE,
} BusPlanPart;

/** BusPlanBlock: a block, and how many of its events match */
typedef struct {
    uint64_t block;
    uint64_t n;
} BusPlanBlock;

/**
 * BusPlan:
 * @indexed: in a block that lies in the window, what the index lets through matches
 * @summed: the counts of @plus, or else those of all events less those of @minus, say how many
 *   match
 * @plus: (owned) (nullable) (element-type int64): keys of names; %NULL for all events
 * @minus: (owned) (nullable) (element-type int64): keys that match nothing
 * @counted: (owned) (element-type BusPlanBlock): what bus_plan_count() found, in the query's order
 * @window: (owned) (nullable): block → #BusPlanPart, of those that have any part in the query's
 *   window; %NULL when it has none, and all lie in it
 *
 * What of a query is decided without reading events.
 */
struct _BusPlan {
    bool indexed;
    bool summed;
    GArray *plus;
    GArray *minus;
    GArray *counted;
    GHashTable *window;
};

/** bus_plan_new: (transfer full) */
BusPlan *bus_plan_new(BusLog *log, const BusQuery *query, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_plan_free(BusPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusPlan, bus_plan_free)

/** bus_plan_decides: whether event @seq, that the index lets through, is a match unread */
bool bus_plan_decides(const BusPlan *self, uint64_t seq);

/** bus_plan_part: which part of a block lies in the query's window */
BusPlanPart bus_plan_part(const BusPlan *self, uint64_t block);

/** bus_plan_limits: the first and the last block that have any part in the window, of a plan that
 * has one; whether there are any */
bool bus_plan_limits(const BusPlan *self, uint64_t *out_first, uint64_t *out_last);

/** bus_plan_count_block: reads the matches of one block */
bool bus_plan_count_block(BusLog *log, const BusQuery *query, uint64_t block, uint64_t *out_count,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_plan_count: adds to @total the matches of @span, block by block, until there are @max or
 * more; of a plan that is indexed */
bool bus_plan_count(const BusPlan *self, BusLog *log, const BusQuery *query, const BusSpan *span,
                    uint64_t max, uint64_t *total, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_plan_skip: takes from @span's beginning (in the query's order) as much of @skip matches as
 * it can without reading them, and from @skip as many */
bool bus_plan_skip(const BusPlan *self, BusLog *log, const BusQuery *query, BusSpan *span,
                   uint64_t *skip, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
