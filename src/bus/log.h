/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/db.h"
#include "bus/event.h"

G_BEGIN_DECLS

/**
 * BusLog:
 *
 * The event log in one database, by one connection: used by one thread at a time; every
 * thread opens its own. Any number of processes may append; the database orders them.
 */
typedef struct _BusLog BusLog;

/**
 * bus_log_open:
 * @db: (transfer none): connection that outlives the log; its transactions are the caller's
 * @state_dir: (nullable): where the signing key is (made on first use); %NULL opens for reading
 * @error: return location
 *
 * Brings the bus's tables up to date and loads the signing key.
 */
BusLog *bus_log_open(BaseDb *db, const char *state_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_log_close(BusLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusLog, bus_log_close)

BaseDb *bus_log_get_db(BusLog *self);

/** bus_log_get_key: the id of the key that this log signs with; "" when opened for reading */
const char *bus_log_get_key(const BusLog *self);

/** bus_log_set_clock: takes the time from @clock (microseconds of Unix time), for tests */
void bus_log_set_clock(BusLog *self, int64_t (*clock)(void));

/**
 * bus_append:
 * @self: the log; a transaction must be open on its connection (g_assert)
 * @drafts: what to append, in order
 * @n_drafts: how many
 * @out_first_seq: (out) (optional): sequence number of the first
 * @error: %BUS_ERROR_DENIED, %BUS_ERROR_INVALID, %BUS_ERROR_TOO_LARGE, %BUS_ERROR_EXISTS; then the
 *   caller rolls its transaction back
 *
 * Appends events inside the caller's transaction: what the caller changed and these events
 * become true together, or not at all. The log is locked until the transaction ends.
 * The first append to an empty log first writes the event that lets its signing key in: the
 * first event of a caller then has sequence number 2.
 */
bool bus_append(BusLog *self, const BusDraft *drafts, unsigned n_drafts, uint64_t *out_first_seq,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_publish: one event in a transaction of its own, tried again (under the same id, so that
 * it is there once) for some seconds while the database is busy or away */
bool bus_publish(BusLog *self, const BusDraft *draft, uint64_t *out_seq,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_log_head: the last sequence number, 0 for an empty log */
bool bus_log_head(BusLog *self, uint64_t *out_seq, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_log_read:
 * @self: the log
 * @after_seq: the last event the reader has seen
 * @limit: at most so many
 *
 * Returns: (transfer full) (element-type BusEvent): the next events, in order; empty at the end
 */
GPtrArray *bus_log_read(BusLog *self, uint64_t after_seq, unsigned limit,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_log_find: (transfer full): the event of that id; %BUS_ERROR_NOT_FOUND */
BusEvent *bus_log_find(BusLog *self, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_log_find_seq: (transfer full): the event of that number; %BUS_ERROR_NOT_FOUND */
BusEvent *bus_log_find_seq(BusLog *self, uint64_t seq, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_log_make_id: (transfer full): a UUID (RFC 9562, version 7) */
char *bus_log_make_id(BusLog *self);

/** bus_log_id_to_bytes: the 16 bytes of a UUID in lower case; %FALSE when @id is none */
bool bus_log_id_to_bytes(const char *id, uint8_t out_bytes[static 16]);

/**
 * bus_log_wait:
 * @self: the log
 * @after_seq: what the caller has seen
 * @timeout_ms: longest wait
 * @cancellable: (nullable)
 *
 * Waits until the log has events past @after_seq (PostgreSQL: LISTEN/NOTIFY; SQLite: the
 * database's change counter, looked at every few milliseconds). %FALSE with no error: time is up.
 */
bool bus_log_wait(BusLog *self, uint64_t after_seq, unsigned timeout_ms, GCancellable *cancellable,
                  GError **error);

G_END_DECLS
