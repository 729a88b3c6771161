/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Connections to the event log: as many as requests need at once, kept for the next ones.
 */
#include "web/logs.h"

#include "bus/group.h"
#include "bus/token.h"

/* There are as many connections as requests at once: each must be content with little. */
#define SMALL_CACHE "PRAGMA cache_size=-8192"

/* A database connection and the log over it go together. */
struct _WebLogs {
    char *database;
    char *state_dir;
    GMutex lock;
    GQueue idle; /* BusLog */
    BusLog *writer;
    BusGroup *group; /* with @writer */
};

static void close_log(BusLog *log)
{
    BaseDb *db = bus_log_get_db(log);
    bus_log_close(log);
    base_db_close(db);
}

static BusLog *open_log(const WebLogs *self, GError **error)
{
    g_autoptr(BaseDb) db = base_db_open(self->database, error);
    if (db == NULL || (!base_db_is_postgresql(db) && !base_db_exec(db, SMALL_CACHE, error)))
        return NULL;
    BusLog *log = bus_log_open(db, self->state_dir, error);
    if (log != NULL)
        (void)g_steal_pointer(&db);
    return log;
}

WebLogs *web_logs_new(const char *database, const char *state_dir, GError **error)
{
    g_autoptr(WebLogs) self = g_new0(WebLogs, 1);
    g_mutex_init(&self->lock);
    g_queue_init(&self->idle);
    self->database = g_strdup(database);
    self->state_dir = g_strdup(state_dir);
    BusLog *log = open_log(self, error);
    if (log == NULL)
        return NULL;
    if (!bus_token_prepare(log, error)) {
        close_log(log);
        return NULL;
    }
    g_queue_push_head(&self->idle, log);
    self->writer = open_log(self, error);
    if (self->writer == NULL)
        return NULL;
    self->group = bus_group_new(self->writer);
    return g_steal_pointer(&self);
}

void web_logs_free(WebLogs *self)
{
    if (self == NULL)
        return;
    for (BusLog *log = g_queue_pop_head(&self->idle); log != NULL;
         log = g_queue_pop_head(&self->idle))
        close_log(log);
    bus_group_free(self->group);
    if (self->writer != NULL)
        close_log(self->writer);
    g_mutex_clear(&self->lock);
    g_free(self->database);
    g_free(self->state_dir);
    g_free(self);
}

bool web_logs_borrow(WebLogs *self, WebLogsLease *out_lease, GError **error)
{
    if (self == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "no events are served here");
        return false;
    }
    g_mutex_lock(&self->lock);
    BusLog *log = g_queue_pop_head(&self->idle);
    g_mutex_unlock(&self->lock);
    if (log == NULL)
        log = open_log(self, error);
    if (log == NULL)
        return false;
    *out_lease = (WebLogsLease){.logs = self, .log = log};
    return true;
}

void web_logs_give_back(WebLogsLease *lease)
{
    BusLog *log = g_steal_pointer(&lease->log);
    if (log == NULL)
        return;
    base_db_rollback(bus_log_get_db(log));
    if (lease->broken) {
        close_log(log);
        return;
    }
    g_mutex_lock(&lease->logs->lock);
    g_queue_push_head(&lease->logs->idle, log);
    g_mutex_unlock(&lease->logs->lock);
}

bool web_logs_publish(WebLogsLease *lease, const BusDraft *draft, uint64_t *out_seq, GError **error)
{
    return bus_group_publish(lease->logs->group, lease->log, draft, 1, out_seq, error);
}

void web_logs_note(WebLogsLease *lease, const GError *error)
{
    if (g_error_matches(error, BASE_DB_ERROR, BASE_DB_ERROR_AWAY))
        lease->broken = true;
}
