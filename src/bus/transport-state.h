/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/**
 * BusTransportState:
 * @db: (owned)
 * @log: (owned)
 * @lock_fd: (owned): -1 without a lock, and where the database itself has it
 *
 * A connection to the log of a thread that moves events, with the tables of transports, webhooks
 * and notifications up to date.
 */
typedef struct {
    BaseDb *db;
    BusLog *log;
    int lock_fd;
} BusTransportState;

/**
 * bus_transport_state_open:
 * @self: (out caller-allocates)
 * @url: the state database
 * @state_dir: where the signing key is
 * @lock: (nullable): name of a piece of work that only one process may do at a time
 * @error: %BUS_ERROR_EXISTS when another process does @lock
 *
 * The lock ends with the process: a file lock beside SQLite's database, an advisory lock in
 * PostgreSQL.
 */
bool bus_transport_state_open(BusTransportState *self, const char *url, const char *state_dir,
                              const char *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_transport_state_clear(BusTransportState *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BusTransportState, bus_transport_state_clear)

/** bus_transport_state_migrate: brings the tables of this part of the bus up to date */
bool bus_transport_state_migrate(BaseDb *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_transport_name_check: whether @name may name a bridge, webhook or rule: 1 to 64 of
 * a-z A-Z 0-9 . _ - */
bool bus_transport_name_check(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
