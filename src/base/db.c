/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state database, whichever engine holds it: statements by their text, transactions,
 * migrations. The engines are db-sqlite.c and db-postgresql.c; SQL that both understand is
 * the caller's.
 */
#include "base/db.h"

#include "base/db-private.h"

#include <string.h>

G_DEFINE_QUARK(base_db_error, base_db_error)

static void finalize(gpointer data)
{
    BaseDbStatement *statement = data;
    statement->db->engine->finalize(statement);
}

BaseDb *base_db_open(const char *url, GError **error)
{
    BaseDb *self = NULL;
    if (g_str_has_prefix(url, "postgresql://") || g_str_has_prefix(url, "postgres://")) {
        self = base_db_postgresql_open(url, error);
    } else if (g_str_has_prefix(url, "sqlite:")) {
        self = base_db_sqlite_open(url + strlen("sqlite:"), error);
    } else if (strstr(url, "://") != NULL) {
        g_autofree char *scheme = g_strndup(url, strstr(url, "://") - url);
        g_set_error(error, BASE_DB_ERROR, BASE_DB_ERROR_FAILED,
                    "no database of the kind ‘%s’ is known; wanted postgresql://… or sqlite:PATH",
                    scheme);
    } else {
        self = base_db_sqlite_open(url, error);
    }
    if (self != NULL)
        self->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, finalize);
    return self;
}

void base_db_close(BaseDb *self)
{
    if (self == NULL)
        return;
    base_db_rollback(self);
    g_clear_pointer(&self->statements, g_hash_table_unref);
    g_free(self->path);
    self->engine->close(self);
}

bool base_db_is_postgresql(const BaseDb *self)
{
    return self->engine->name[0] == 'p';
}

const char *base_db_get_path(const BaseDb *self)
{
    return self->path;
}

bool base_db_in_transaction(const BaseDb *self)
{
    return self->in_transaction;
}

/* A statement that was not run to its end keeps a cursor, and with it an old state, open. */
static void reset_all(BaseDb *self)
{
    GHashTableIter iter;
    gpointer statement = NULL;
    g_hash_table_iter_init(&iter, self->statements);
    while (g_hash_table_iter_next(&iter, NULL, &statement))
        self->engine->reset(statement);
}

static bool begin(BaseDb *self, const char *sql, GError **error)
{
    g_assert(!self->in_transaction);
    reset_all(self);
    if (!self->engine->revive(self, error) || !self->engine->exec(self, sql, error))
        return false;
    self->in_transaction = true;
    return true;
}

bool base_db_begin(BaseDb *self, GError **error)
{
    if (self->engine->check_room != NULL && !self->engine->check_room(self, error))
        return false;
    return begin(self, self->engine->begin_write, error);
}

bool base_db_begin_read(BaseDb *self, GError **error)
{
    return begin(self, self->engine->begin_read, error);
}

bool base_db_commit(BaseDb *self, GError **error)
{
    g_assert(self->in_transaction);
    reset_all(self);
    if (!self->engine->exec(self, self->engine->commit, error)) {
        base_db_rollback(self);
        return false;
    }
    self->in_transaction = false;
    return true;
}

void base_db_rollback(BaseDb *self)
{
    if (!self->in_transaction)
        return;
    reset_all(self);
    /* Fails only when the engine gave the transaction up already. */
    (void)!self->engine->exec(self, "ROLLBACK", NULL);
    self->in_transaction = false;
}

BaseDbStatement *base_db_prepare(BaseDb *self, const char *sql, GError **error)
{
    if (!self->in_transaction && !self->engine->revive(self, error))
        return NULL;
    BaseDbStatement **recent = &self->recent[(uintptr_t)sql / 8 % BASE_DB_RECENT];
    BaseDbStatement *statement = *recent;
    if (statement == NULL || strcmp(statement->sql, sql) != 0)
        statement = g_hash_table_lookup(self->statements, sql);
    if (statement == NULL) {
        statement = self->engine->prepare(self, sql, error);
        if (statement == NULL)
            return NULL;
        statement->db = self;
        statement->sql = g_strdup(sql);
        g_hash_table_insert(self->statements, statement->sql, statement);
    }
    *recent = statement;
    self->engine->reset(statement);
    return statement;
}

void base_db_reset(BaseDbStatement *self)
{
    self->db->engine->reset(self);
}

void base_db_bind_int(BaseDbStatement *self, unsigned index, int64_t value)
{
    self->db->engine->bind_int(self, index, value);
}

void base_db_bind_text(BaseDbStatement *self, unsigned index, const char *value)
{
    self->db->engine->bind_text(self, index, value);
}

void base_db_bind_blob(BaseDbStatement *self, unsigned index, const void *data, size_t size_bytes)
{
    self->db->engine->bind_blob(self, index, data, size_bytes);
}

void base_db_bind_kept_text(BaseDbStatement *self, unsigned index, const char *value)
{
    self->db->engine->bind_kept_text(self, index, value);
}

void base_db_bind_kept_blob(BaseDbStatement *self, unsigned index, const void *data,
                            size_t size_bytes)
{
    self->db->engine->bind_kept_blob(self, index, data, size_bytes);
}

bool base_db_step(BaseDbStatement *self, bool *out_row, GError **error)
{
    return self->db->engine->step(self, out_row, error);
}

bool base_db_run(BaseDbStatement *self, uint64_t *out_changed, GError **error)
{
    bool row = true;
    while (row) {
        if (!base_db_step(self, &row, error))
            return false;
    }
    if (out_changed != NULL)
        *out_changed = self->db->engine->changed(self);
    self->db->engine->reset(self);
    return true;
}

bool base_db_exec(BaseDb *self, const char *sql, GError **error)
{
    if (!self->in_transaction && !self->engine->revive(self, error))
        return false;
    return self->engine->exec(self, sql, error);
}

static int find_column(BaseDbStatement *self, const char *name)
{
    int column = self->db->engine->column(self, name);
    if (column < 0)
        g_error("no column ‘%s’ in: %s", name, self->sql);
    return column;
}

int64_t base_db_column_int(BaseDbStatement *self, const char *name)
{
    return self->db->engine->get_int(self, find_column(self, name));
}

const char *base_db_column_text(BaseDbStatement *self, const char *name)
{
    int column = find_column(self, name);
    return self->db->engine->is_null(self, column) ? NULL
                                                   : self->db->engine->get_text(self, column);
}

const void *base_db_column_blob(BaseDbStatement *self, const char *name, size_t *out_size_bytes)
{
    int column = find_column(self, name);
    *out_size_bytes = 0;
    if (self->db->engine->is_null(self, column))
        return NULL;
    return self->db->engine->get_blob(self, column, out_size_bytes);
}

bool base_db_column_is_null(BaseDbStatement *self, const char *name)
{
    return self->db->engine->is_null(self, find_column(self, name));
}

bool base_db_listen(BaseDb *self, const char *channel, GError **error)
{
    g_assert(!self->in_transaction);
    return self->engine->revive(self, error) && self->engine->listen(self, channel, error);
}

bool base_db_wait(BaseDb *self, unsigned timeout_ms, GCancellable *cancellable, bool *out_changed,
                  GError **error)
{
    g_assert(!self->in_transaction);
    return self->engine->wait(self, timeout_ms, cancellable, out_changed, error);
}

bool base_db_notify(BaseDb *self, const char *channel, GError **error)
{
    g_assert(self->in_transaction);
    if (!base_db_is_postgresql(self))
        return true;
    g_autofree char *sql = g_strdup_printf("NOTIFY %s", channel);
    return self->engine->exec(self, sql, error);
}

static bool read_version(BaseDb *self, const char *component, unsigned *out_version, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(self, "SELECT version FROM db_component WHERE component = ?1", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, component);
    bool row = false;
    if (!base_db_step(statement, &row, error))
        return false;
    *out_version = row ? (unsigned)base_db_column_int(statement, "version") : 0;
    base_db_reset(statement);
    return true;
}

static bool apply(BaseDb *self, const char *component, const BaseDbMigration *migration,
                  unsigned version, GError **error)
{
    const char *own = base_db_is_postgresql(self) ? migration->postgresql : migration->sqlite;
    if (!base_db_exec(self, own != NULL ? own : migration->sql, error))
        return false;
    BaseDbStatement *statement =
        base_db_prepare(self,
                        "INSERT INTO db_component (component, version) VALUES (?1, ?2) "
                        "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, component);
    base_db_bind_int(statement, 2, version);
    return base_db_run(statement, NULL, error);
}

/* One step in a transaction of its own; @out_version is what the database then has. */
static bool migrate_step(BaseDb *self, const char *component, const BaseDbMigration *migrations,
                         unsigned n_migrations, unsigned *out_version, GError **error)
{
    unsigned version = 0;
    /* PostgreSQL's IF NOT EXISTS is no protection against another process at the same point. */
    if (base_db_is_postgresql(self) &&
        !base_db_exec(self, "SELECT pg_advisory_xact_lock(6173081)", error))
        return false;
    if (!base_db_exec(self,
                      "CREATE TABLE IF NOT EXISTS db_component "
                      "(component TEXT PRIMARY KEY, version INTEGER NOT NULL)",
                      error) ||
        !read_version(self, component, &version, error))
        return false;
    if (version < n_migrations) {
        if (!apply(self, component, &migrations[version], version + 1, error))
            return false;
        version++;
    }
    if (!base_db_commit(self, error))
        return false;
    *out_version = version;
    return true;
}

bool base_db_migrate(BaseDb *self, const char *component, const BaseDbMigration *migrations,
                     unsigned n_migrations, GError **error)
{
    unsigned version = 0;
    /* The usual case needs no lock; without the table it is version 0. */
    (void)!read_version(self, component, &version, NULL);
    while (version < n_migrations) {
        if (!base_db_begin(self, error))
            return false;
        if (!migrate_step(self, component, migrations, n_migrations, &version, error)) {
            base_db_rollback(self);
            g_prefix_error(error, "bringing the tables of ‘%s’ up to date: ", component);
            return false;
        }
    }
    if (version > n_migrations) {
        g_set_error(error, BASE_DB_ERROR, BASE_DB_ERROR_NEWER,
                    "the tables of ‘%s’ have version %u, and this program knows %u: it is older "
                    "than the one that wrote them",
                    component, version, n_migrations);
        return false;
    }
    return true;
}
