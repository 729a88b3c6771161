/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/transport.h"

G_BEGIN_DECLS

/** BUS_ZEROMQ_REPLAY_MAX: a replay answers with so many messages, at most */
#define BUS_ZEROMQ_REPLAY_MAX 1000

/**
 * bus_zeromq_replay_find:
 * @log: where to look
 * @topics: (nullable): only these (globs)
 * @query: what a peer sent: a JSON object with any of seq_id, seq_ids, seq_id_range, msg_id,
 *   msg_ids, time (two times in seconds); an event that fits one of them is an answer
 * @size_bytes: its length
 * @error: %BUS_ERROR_INVALID, %BUS_ERROR_NOT_FOUND when nothing fits
 *
 * fedmsg's replay (its replay/__init__.py).
 *
 * Returns: (transfer full) (element-type BusEvent): in the log's order
 */
GPtrArray *bus_zeromq_replay_find(BusLog *log, const char *const *topics, const char *query,
                                  size_t size_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_zeromq_replay_run:
 * @log: of this thread
 * @options: @replay is where to listen, @cert and @key sign
 * @cancellable: ends it
 *
 * Answers replays until it is cancelled.
 */
bool bus_zeromq_replay_run(BusLog *log, const BusTransportOptions *options,
                           GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_zeromq_replay_ask:
 * @endpoint: of the peer's replay socket
 * @first: first sequence number
 * @last: last sequence number
 * @timeout_ms: how long to wait for the answer
 *
 * Returns: (transfer full) (element-type GBytes): the peer's envelopes; empty when it has none
 */
GPtrArray *bus_zeromq_replay_ask(const char *endpoint, uint64_t first, uint64_t last,
                                 unsigned timeout_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
