/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening the log, its head row, reading in order, waiting. Writing is append.c.
 */
#include "bus/log.h"

#include "bus/log-private.h"
#include "bus/tables.h"

#include <sodium.h>
#include <string.h>

#define READ_LIMIT_MAX 10000

BusLog *bus_log_open(BaseDb *db, const char *state_dir, GError **error)
{
    if (sodium_init() < 0)
        g_error("libsodium does not start");
    if (!bus_tables_ensure(db, error))
        return NULL;
    g_autoptr(BusLog) self = g_new0(BusLog, 1);
    self->db = db;
    self->state_dir = g_strdup(state_dir);
    self->sha256 = base_sha256_new();
    self->clock = g_get_real_time;
    if (base_db_get_path(db) != NULL) {
        g_autofree char *dir = g_path_get_dirname(base_db_get_path(db));
        self->blob_dir = g_build_filename(dir, "bus", "blobs", "sha256", NULL);
    }
    if ((state_dir != NULL && !bus_keys_load(self, error)) || !bus_block_catch_up(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

void bus_log_close(BusLog *self)
{
    if (self == NULL)
        return;
    sodium_memzero(self->secret, sizeof self->secret);
    g_free(self->state_dir);
    g_free(self->blob_dir);
    base_sha256_free(self->sha256);
    bus_policy_free(self->policy);
    bus_block_index_free(self->block);
    g_clear_pointer(&self->schemas, g_hash_table_unref);
    g_free(self);
}

BaseDb *bus_log_get_db(BusLog *self)
{
    return self->db;
}

const char *bus_log_get_key(const BusLog *self)
{
    return self->key;
}

void bus_log_set_clock(BusLog *self, int64_t (*clock)(void))
{
    self->clock = clock;
}

static bool read_frontier(BaseDbStatement *row, BusHead *head, GError **error)
{
    size_t size_bytes = 0;
    const void *nodes = base_db_column_blob(row, "frontier", &size_bytes);
    head->frontier.size = head->seq;
    if (nodes == NULL || size_bytes != bus_frontier_nodes(&head->frontier) * BASE_SHA256_BYTES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN, "the log's head row is damaged");
        return false;
    }
    memcpy(head->frontier.nodes, nodes, size_bytes);
    return true;
}

bool bus_head_load(BusLog *log, BusHeadMode mode, BusHead *out_head, GError **error)
{
    bool lock = mode == BUS_HEAD_LOCK && base_db_is_postgresql(log->db);
    BaseDbStatement *statement =
        base_db_prepare(log->db,
                        lock ? "SELECT * FROM bus_head WHERE one = 1 FOR UPDATE"
                             : "SELECT * FROM bus_head WHERE one = 1",
                        error);
    bool row = false;
    if (statement == NULL || !base_db_step(statement, &row, error))
        return false;
    if (!row) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN, "the log has lost its head row");
        return false;
    }
    memset(out_head, 0, sizeof *out_head);
    size_t size_bytes = 0;
    const void *prev = base_db_column_blob(statement, "prev", &size_bytes);
    if (prev != NULL && size_bytes == sizeof out_head->prev)
        memcpy(out_head->prev, prev, size_bytes);
    out_head->seq = (uint64_t)base_db_column_int(statement, "seq");
    out_head->logged_us = base_db_column_int(statement, "logged_us");
    out_head->behind = base_db_column_int(statement, "behind") != 0;
    out_head->policy = (uint64_t)base_db_column_int(statement, "policy");
    out_head->signed_seq = (uint64_t)base_db_column_int(statement, "head_seq");
    out_head->signed_us = base_db_column_int(statement, "head_us");
    bool ok = read_frontier(statement, out_head, error);
    base_db_reset(statement);
    return ok;
}

bool bus_head_save(BusLog *log, const BusHead *head, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "UPDATE bus_head SET seq = ?1, prev = ?2, logged_us = ?3, behind = ?4, frontier = ?5, "
        "policy = ?6, head_seq = ?7, head_us = ?8 WHERE one = 1",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)head->seq);
    base_db_bind_blob(statement, 2, head->prev, sizeof head->prev);
    base_db_bind_int(statement, 3, head->logged_us);
    base_db_bind_int(statement, 4, head->behind);
    base_db_bind_blob(statement, 5, head->frontier.nodes,
                      bus_frontier_nodes(&head->frontier) * BASE_SHA256_BYTES);
    base_db_bind_int(statement, 6, (int64_t)head->policy);
    base_db_bind_int(statement, 7, (int64_t)head->signed_seq);
    base_db_bind_int(statement, 8, head->signed_us);
    return base_db_run(statement, NULL, error);
}

bool bus_log_head(BusLog *self, uint64_t *out_seq, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(self->db, "SELECT seq FROM bus_head WHERE one = 1", error);
    bool row = false;
    if (statement == NULL || !base_db_step(statement, &row, error))
        return false;
    *out_seq = row ? (uint64_t)base_db_column_int(statement, "seq") : 0;
    base_db_reset(statement);
    return true;
}

GPtrArray *bus_log_read(BusLog *self, uint64_t after_seq, unsigned limit, GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    BaseDbStatement *statement = base_db_prepare(
        self->db, "SELECT " BUS_ROW_COLUMNS " FROM bus_event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        error);
    if (statement == NULL)
        return NULL;
    base_db_bind_int(statement, 1, (int64_t)MIN(after_seq, (uint64_t)INT64_MAX));
    base_db_bind_int(statement, 2, MIN(limit, READ_LIMIT_MAX));
    for (;;) {
        bool row = false;
        if (!base_db_step(statement, &row, error))
            return NULL;
        if (!row)
            return g_steal_pointer(&events);
        BusEvent *event = bus_row_read(self, statement, error);
        if (event == NULL) {
            base_db_reset(statement);
            return NULL;
        }
        g_ptr_array_add(events, event);
    }
}

static BusEvent *find_one(BusLog *self, BaseDbStatement *statement, const char *what,
                          GError **error)
{
    bool row = false;
    if (!base_db_step(statement, &row, error))
        return NULL;
    if (!row) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "no event %s is in the log", what);
        return NULL;
    }
    BusEvent *event = bus_row_read(self, statement, error);
    base_db_reset(statement);
    return event;
}

BusEvent *bus_log_find(BusLog *self, const char *id, GError **error)
{
    uint8_t bytes[16];
    g_autofree char *lower = g_ascii_strdown(id, -1);
    if (!bus_log_id_to_bytes(lower, bytes)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "‘%.64s’ is no id of an event (a UUID)",
                    id);
        return NULL;
    }
    BaseDbStatement *statement =
        base_db_prepare(self->db, "SELECT " BUS_ROW_COLUMNS " FROM bus_event WHERE id = ?1", error);
    if (statement == NULL)
        return NULL;
    base_db_bind_blob(statement, 1, bytes, sizeof bytes);
    return find_one(self, statement, lower, error);
}

BusEvent *bus_log_find_seq(BusLog *self, uint64_t seq, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        self->db, "SELECT " BUS_ROW_COLUMNS " FROM bus_event WHERE seq = ?1", error);
    if (statement == NULL)
        return NULL;
    g_autofree char *what = g_strdup_printf("%" G_GUINT64_FORMAT, seq);
    base_db_bind_int(statement, 1, (int64_t)MIN(seq, (uint64_t)INT64_MAX));
    return find_one(self, statement, what, error);
}

bool bus_log_wait(BusLog *self, uint64_t after_seq, unsigned timeout_ms, GCancellable *cancellable,
                  GError **error)
{
    int64_t end = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    for (;;) {
        uint64_t seq = 0;
        bool changed = false;
        if (!base_db_listen(self->db, BUS_CHANNEL, error) || !bus_log_head(self, &seq, error))
            return false;
        if (seq > after_seq)
            return true;
        int64_t left = end - g_get_monotonic_time();
        if (left <= 0)
            return false;
        if (!base_db_wait(self->db, (unsigned)(left / 1000 + 1), cancellable, &changed, error))
            return false;
    }
}
