/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What bridges, webhooks and notifications keep in the state database beside the log, and that
 * only one process at a time does each piece of the work.
 */
#include "bus/transport-state.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>

#define MAX_NAME_CHARS 64

/* Times are in microseconds, lists JSON arrays. A row of bus_delivery exists while something has
 * failed: it says when to try again. */
static const BaseDbMigration migrations[] = {
    {
        .sqlite = "CREATE TABLE bus_bridge_progress (bridge TEXT PRIMARY KEY,"
                  " position BIGINT NOT NULL);"
                  "CREATE TABLE bus_bridge_came (bridge TEXT NOT NULL, seq BIGINT NOT NULL,"
                  " PRIMARY KEY (bridge, seq));"
                  "CREATE TABLE bus_bridge_parked (bridge TEXT NOT NULL, digest TEXT NOT NULL,"
                  " time_us BIGINT NOT NULL, topic TEXT, reason TEXT NOT NULL, raw BLOB,"
                  " PRIMARY KEY (bridge, digest));"
                  "CREATE TABLE bus_webhook (name TEXT PRIMARY KEY, url TEXT NOT NULL,"
                  " topics TEXT NOT NULL, secret TEXT, max_attempts BIGINT NOT NULL,"
                  " first_wait_ms BIGINT NOT NULL, allow_private BIGINT NOT NULL);"
                  "CREATE TABLE bus_notify (name TEXT PRIMARY KEY, rule TEXT NOT NULL,"
                  " muted_until_us BIGINT NOT NULL);"
                  "CREATE TABLE bus_delivery (subscription TEXT PRIMARY KEY,"
                  " seq BIGINT NOT NULL, attempts BIGINT NOT NULL, next_us BIGINT NOT NULL,"
                  " last_error TEXT);",
        .postgresql = "CREATE TABLE bus_bridge_progress (bridge TEXT PRIMARY KEY,"
                      " position BIGINT NOT NULL);"
                      "CREATE TABLE bus_bridge_came (bridge TEXT NOT NULL, seq BIGINT NOT NULL,"
                      " PRIMARY KEY (bridge, seq));"
                      "CREATE TABLE bus_bridge_parked (bridge TEXT NOT NULL,"
                      " digest TEXT NOT NULL, time_us BIGINT NOT NULL, topic TEXT,"
                      " reason TEXT NOT NULL, raw BYTEA, PRIMARY KEY (bridge, digest));"
                      "CREATE TABLE bus_webhook (name TEXT PRIMARY KEY, url TEXT NOT NULL,"
                      " topics TEXT NOT NULL, secret TEXT, max_attempts BIGINT NOT NULL,"
                      " first_wait_ms BIGINT NOT NULL, allow_private BIGINT NOT NULL);"
                      "CREATE TABLE bus_notify (name TEXT PRIMARY KEY, rule TEXT NOT NULL,"
                      " muted_until_us BIGINT NOT NULL);"
                      "CREATE TABLE bus_delivery (subscription TEXT PRIMARY KEY,"
                      " seq BIGINT NOT NULL, attempts BIGINT NOT NULL, next_us BIGINT NOT NULL,"
                      " last_error TEXT);",
    },
};

bool bus_transport_state_migrate(BaseDb *db, GError **error)
{
    return base_db_migrate(db, "bus-transport", migrations, G_N_ELEMENTS(migrations), error);
}

bool bus_transport_name_check(const char *name, GError **error)
{
    size_t length = strlen(name);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (length > 0 && length <= MAX_NAME_CHARS && strspn(name, allowed) == length)
        return true;
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                "‘%s’ is not a name: 1 to %d letters, digits, ‘.’, ‘_’ and ‘-’", name,
                MAX_NAME_CHARS);
    return false;
}

static bool lock_postgresql(BaseDb *db, const char *lock, GError **error)
{
    g_autofree char *hex = base_sha256_hex(lock, strlen(lock));
    hex[15] = '\0';
    BaseDbStatement *statement = base_db_prepare(
        db, "SELECT CASE WHEN pg_try_advisory_lock(?1) THEN 1 ELSE 0 END AS taken", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)g_ascii_strtoull(hex, NULL, 16));
    bool row = false;
    if (!base_db_step(statement, &row, error))
        return false;
    bool taken = row && base_db_column_int(statement, "taken") == 1;
    while (row) {
        if (!base_db_step(statement, &row, error))
            return false;
    }
    if (!taken)
        g_set_error(error, BUS_ERROR, BUS_ERROR_EXISTS, "another process does ‘%s’ already", lock);
    return taken;
}

static bool lock_file(const char *state_dir, const char *lock, int *out_fd, GError **error)
{
    g_autofree char *file = g_strdup_printf("%s/bus/%s.lock", state_dir, lock);
    g_autofree char *parent = g_path_get_dirname(file);
    if (!base_fd_make_dirs(AT_FDCWD, parent, 0755, error))
        return false;
    g_autoptr(GError) local = NULL;
    *out_fd = base_fd_lock(AT_FDCWD, file, BASE_FD_LOCK_TRY, &local);
    if (*out_fd >= 0)
        return true;
    if (g_error_matches(local, BASE_ERROR, BASE_ERROR_BUSY))
        g_set_error(error, BUS_ERROR, BUS_ERROR_EXISTS, "another process does ‘%s’ already: %s",
                    lock, local->message);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static bool open_all(BusTransportState *self, const char *url, const char *state_dir,
                     const char *lock, GError **error)
{
    self->db = base_db_open(url, error);
    if (self->db == NULL)
        return false;
    self->log = bus_log_open(self->db, state_dir, error);
    if (self->log == NULL || !bus_transport_state_migrate(self->db, error))
        return false;
    if (lock == NULL)
        return true;
    return base_db_is_postgresql(self->db) ? lock_postgresql(self->db, lock, error)
                                           : lock_file(state_dir, lock, &self->lock_fd, error);
}

bool bus_transport_state_open(BusTransportState *self, const char *url, const char *state_dir,
                              const char *lock, GError **error)
{
    *self = (BusTransportState){.lock_fd = -1};
    if (open_all(self, url, state_dir, lock, error))
        return true;
    bus_transport_state_clear(self);
    return false;
}

void bus_transport_state_clear(BusTransportState *self)
{
    g_clear_pointer(&self->log, bus_log_close);
    g_clear_pointer(&self->db, base_db_close);
    base_fd_clear(&self->lock_fd);
    self->lock_fd = -1;
}
