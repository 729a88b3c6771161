/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/query.h"

G_BEGIN_DECLS

/**
 * BusStream:
 *
 * The sequence numbers of indexed events that a query's positive filters let through, in the
 * query's order: the union of the index rows of one filter's values, the intersection over the
 * filters. May let through more than the query wants (what has no index, and filters of too
 * many values, are not looked at), never less.
 */
typedef struct _BusStream BusStream;

/** bus_stream_new: (transfer full): over the events from @low to @high, both included */
BusStream *bus_stream_new(BusLog *log, const BusQuery *query, uint64_t low, uint64_t high,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_stream_free(BusStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusStream, bus_stream_free)

/** bus_stream_next: @out_seq is 0 at the end */
bool bus_stream_next(BusStream *self, uint64_t *out_seq, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_stream_next_block: the next block of which it lets any event through, and how many; @out_n
 * is 0 at the end. A stream is asked for numbers or for blocks */
bool bus_stream_next_block(BusStream *self, uint64_t *out_block, unsigned *out_n,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_stream_pass_block: takes nothing more from the block that the last number was of */
void bus_stream_pass_block(BusStream *self);

/** bus_stream_is_exact: whether it lets through just what the query's positive filters want */
bool bus_stream_is_exact(const BusStream *self);

/** bus_stream_only_name: whether its one filter is a single name; @out_key is its key */
bool bus_stream_only_name(const BusStream *self, int64_t *out_key);

G_END_DECLS
