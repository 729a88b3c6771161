/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/**
 * WebLogs:
 *
 * Open connections to the event log, lent to one thread at a time.
 */
typedef struct _WebLogs WebLogs;

/**
 * web_logs_new:
 * @database: as base_db_open() wants it
 * @state_dir: where the signing key is
 * @error: return location
 *
 * Opens one connection, so that what is wrong is said at the start.
 */
WebLogs *web_logs_new(const char *database, const char *state_dir,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
void web_logs_free(WebLogs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebLogs, web_logs_free)

/** WebLogsLease: a borrowed connection; gives itself back */
typedef struct {
    WebLogs *logs;
    BusLog *log;
    bool broken;
} WebLogsLease;

/**
 * web_logs_borrow:
 * @self: (nullable): %NULL when the site has no log, which is an error here
 * @out_lease: web_logs_give_back() it
 * @error: the database is away
 *
 * One that was used before, or a new one.
 */
bool web_logs_borrow(WebLogs *self, WebLogsLease *out_lease,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_logs_give_back: rolls an open transaction back; a broken connection is closed */
void web_logs_give_back(WebLogsLease *lease);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WebLogsLease, web_logs_give_back)

/** web_logs_publish: bus_publish(), which shares its commit with other requests of the moment */
bool web_logs_publish(WebLogsLease *lease, const BusDraft *draft, uint64_t *out_seq,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_logs_note: when @error says that the connection broke, @lease is not used again */
void web_logs_note(WebLogsLease *lease, const GError *error);

G_END_DECLS
