/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** BASE_DB_ERROR: what a database refused */
#define BASE_DB_ERROR (base_db_error_quark())
GQuark base_db_error_quark(void);

/**
 * BaseDbError:
 * @BASE_DB_ERROR_FAILED: anything else, with the database's own words
 * @BASE_DB_ERROR_CONSTRAINT: a row that a constraint forbids (a duplicate, say)
 * @BASE_DB_ERROR_BUSY: somebody else held the lock for too long, or the transaction lost a
 *   conflict: it may be tried again as a whole
 * @BASE_DB_ERROR_AWAY: the server cannot be reached, or the connection broke
 * @BASE_DB_ERROR_FULL: no room on the disk
 * @BASE_DB_ERROR_NEWER: the schema is newer than this program
 */
typedef enum {
    BASE_DB_ERROR_FAILED,
    BASE_DB_ERROR_CONSTRAINT,
    BASE_DB_ERROR_BUSY,
    BASE_DB_ERROR_AWAY,
    BASE_DB_ERROR_FULL,
    BASE_DB_ERROR_NEWER,
} BaseDbError;

/**
 * BaseDb:
 *
 * One connection to the state database, used by one thread at a time: SQLite (a path, or
 * "sqlite:PATH"; WAL, foreign keys on) or PostgreSQL ("postgresql://…", libpq).
 */
typedef struct _BaseDb BaseDb;

/**
 * BaseDbStatement:
 *
 * A prepared statement. SQL is written once, in the dialect both know; parameters are ?1, ?2, …
 * (given to PostgreSQL as $1, $2, …). Statements are kept prepared by their text.
 */
typedef struct _BaseDbStatement BaseDbStatement;

/**
 * BaseDbMigration:
 * @sql: statements that bring the schema from the version before to this one, for both engines
 * @sqlite: (nullable): in place of @sql for SQLite where the two differ
 * @postgresql: (nullable): in place of @sql for PostgreSQL
 */
typedef struct {
    const char *sql;
    const char *sqlite;
    const char *postgresql;
} BaseDbMigration;

/** base_db_open: (transfer full): a connection; @url as #BaseDb says. SQLite files are made. */
BaseDb *base_db_open(const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void base_db_close(BaseDb *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseDb, base_db_close)

/** base_db_is_postgresql: which engine it is, for the few statements that must differ */
bool base_db_is_postgresql(const BaseDb *self);

/** base_db_get_path: (nullable): the file of an SQLite database */
const char *base_db_get_path(const BaseDb *self);

/**
 * base_db_migrate:
 * @self: a connection
 * @component: whose tables ("bus")
 * @migrations: the table of versions; index + 1 is the version
 * @n_migrations: its length
 * @error: %BASE_DB_ERROR_NEWER when the database is ahead of the table
 *
 * Brings the tables of @component up to date, each step in a transaction, one process at a time.
 */
bool base_db_migrate(BaseDb *self, const char *component, const BaseDbMigration *migrations,
                     unsigned n_migrations, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_db_begin: begins a transaction that will write (SQLite: BEGIN IMMEDIATE) */
bool base_db_begin(BaseDb *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_db_begin_read: begins a transaction that sees one state of the database */
bool base_db_begin_read(BaseDb *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool base_db_commit(BaseDb *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_db_rollback: gives the transaction up, if there is one */
void base_db_rollback(BaseDb *self);

/** base_db_in_transaction: whether one is open */
bool base_db_in_transaction(const BaseDb *self);

/** base_db_prepare: (transfer none): @sql ready to bind, nothing bound; valid until the next
 * base_db_prepare() of the same text or base_db_close() */
BaseDbStatement *base_db_prepare(BaseDb *self, const char *sql,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

void base_db_bind_int(BaseDbStatement *self, unsigned index, int64_t value);
/** base_db_bind_text: (nullable): %NULL binds NULL; copied */
void base_db_bind_text(BaseDbStatement *self, unsigned index, const char *value);
/** base_db_bind_blob: @data may be %NULL for NULL; copied */
void base_db_bind_blob(BaseDbStatement *self, unsigned index, const void *data, size_t size_bytes);
/** base_db_bind_kept_text: like base_db_bind_text(), but the caller keeps @value unchanged until
 * the statement was run, reset or prepared again */
void base_db_bind_kept_text(BaseDbStatement *self, unsigned index, const char *value);
/** base_db_bind_kept_blob: the same for bytes */
void base_db_bind_kept_blob(BaseDbStatement *self, unsigned index, const void *data,
                            size_t size_bytes);

/** base_db_step: runs up to the next row; @out_row is %FALSE at the end */
bool base_db_step(BaseDbStatement *self, bool *out_row, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_db_reset: ends a statement before its last row: one left standing keeps the state of the
 * database that it reads alive. Begin, commit, rollback and base_db_run() do it by themselves. */
void base_db_reset(BaseDbStatement *self);

/** base_db_run: runs a statement that answers nothing; @out_changed (nullable): rows it changed */
bool base_db_run(BaseDbStatement *self, uint64_t *out_changed,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_db_exec: runs one or more statements without parameters */
bool base_db_exec(BaseDb *self, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

int64_t base_db_column_int(BaseDbStatement *self, const char *name);
/** base_db_column_text: (nullable): valid until the next step */
const char *base_db_column_text(BaseDbStatement *self, const char *name);
/** base_db_column_blob: (nullable): valid until the next step */
const void *base_db_column_blob(BaseDbStatement *self, const char *name, size_t *out_size_bytes);
bool base_db_column_is_null(BaseDbStatement *self, const char *name);

/** base_db_listen: from here on base_db_wait() sees changes; @channel is an SQL name. Outside of
 * transactions, and before looking at what may change. */
bool base_db_listen(BaseDb *self, const char *channel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_db_wait:
 * @self: a connection that listens
 * @timeout_ms: longest wait
 * @cancellable: (nullable)
 * @out_changed: whether there was a change since base_db_listen() (SQLite: any other
 *   connection's commit; PostgreSQL: a base_db_notify() on the channel)
 * @error: %BASE_DB_ERROR_AWAY, or that it was cancelled
 */
bool base_db_wait(BaseDb *self, unsigned timeout_ms, GCancellable *cancellable, bool *out_changed,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_db_notify: wakes who listens to @channel, when the transaction commits */
bool base_db_notify(BaseDb *self, const char *channel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
