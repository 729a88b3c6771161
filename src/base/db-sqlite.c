/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SQLite: write-ahead log, a commit is on the disk when it returns, writers take turns.
 */
#include "base/db-private.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* How long a writer waits for its turn, looked at once a millisecond. */
#define BUSY_TRIES 30000
#define POLL_MS 4
#define ROOM_MIN_BYTES (1024 * 1024)
/* With so much room it is not looked at again for a while: asking takes as long as an insert. */
#define ROOM_PLENTY_BYTES (256 * 1024 * 1024)
#define ROOM_TRUST_US (G_USEC_PER_SEC / 10)

typedef struct {
    BaseDb base;
    sqlite3 *handle;
    char *dir; /* (nullable): of the file */
    /* (nullable): those of every transaction, so that they are parsed once */
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    int64_t seen_version;
    int64_t room_until_us; /* until when there is taken to be room */
} Sqlite;

typedef struct {
    BaseDbStatement base;
    sqlite3_stmt *handle;
    char **columns; /* names: asking SQLite for them takes longer than for the values */
    bool active;
    bool bound;
} SqliteStatement;

static bool set_error(sqlite3 *handle, const char *what, GError **error)
{
    int code = sqlite3_extended_errcode(handle);
    BaseDbError kind = BASE_DB_ERROR_FAILED;
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        kind = BASE_DB_ERROR_CONSTRAINT;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        kind = BASE_DB_ERROR_BUSY;
        break;
    case SQLITE_FULL:
        kind = BASE_DB_ERROR_FULL;
        break;
    default:
        break;
    }
    /* A write that the file system cuts short is a full disk to whoever reads the message. */
    if (code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE)
        kind = BASE_DB_ERROR_FULL;
    g_set_error(error, BASE_DB_ERROR, kind, "%sthe database says: %s", what,
                sqlite3_errmsg(handle));
    return false;
}

static Sqlite *from_db(BaseDb *self)
{
    return (Sqlite *)self;
}

static SqliteStatement *from_statement(BaseDbStatement *self)
{
    return (SqliteStatement *)self;
}

static void close_db(BaseDb *self)
{
    Sqlite *own = from_db(self);
    (void)sqlite3_finalize(own->begin);
    (void)sqlite3_finalize(own->commit);
    (void)sqlite3_close_v2(own->handle);
    g_free(own->dir);
    g_free(self);
}

static char **list_columns(sqlite3_stmt *handle)
{
    unsigned n = (unsigned)sqlite3_column_count(handle);
    char **columns = g_new0(char *, n + 1);
    for (unsigned i = 0; i < n; i++)
        columns[i] = g_strdup(sqlite3_column_name(handle, (int)i));
    return columns;
}

static BaseDbStatement *prepare(BaseDb *self, const char *sql, GError **error)
{
    sqlite3_stmt *handle = NULL;
    if (sqlite3_prepare_v3(from_db(self)->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle,
                           NULL) != SQLITE_OK) {
        (void)set_error(from_db(self)->handle, "", error);
        return NULL;
    }
    SqliteStatement *statement = g_new0(SqliteStatement, 1);
    statement->handle = handle;
    statement->columns = list_columns(handle);
    return &statement->base;
}

static void finalize(BaseDbStatement *self)
{
    (void)sqlite3_finalize(from_statement(self)->handle);
    g_strfreev(from_statement(self)->columns);
    g_free(self->sql);
    g_free(self);
}

static void reset(BaseDbStatement *self)
{
    SqliteStatement *statement = from_statement(self);
    /* Its result repeats the error of the last step, which was told then. */
    if (statement->active)
        (void)sqlite3_reset(statement->handle);
    statement->active = false;
    if (statement->bound)
        (void)sqlite3_clear_bindings(statement->handle);
    statement->bound = false;
}

/* Binding fails only for an index that the statement does not have. */
static void check_bind(int result, BaseDbStatement *self)
{
    from_statement(self)->bound = true;
    if (result != SQLITE_OK)
        g_error("cannot bind to: %s", self->sql);
}

static void bind_int(BaseDbStatement *self, unsigned index, int64_t value)
{
    check_bind(sqlite3_bind_int64(from_statement(self)->handle, (int)index, value), self);
}

static void bind_text(BaseDbStatement *self, unsigned index, const char *value)
{
    check_bind(
        sqlite3_bind_text(from_statement(self)->handle, (int)index, value, -1, SQLITE_TRANSIENT),
        self);
}

static void bind_blob(BaseDbStatement *self, unsigned index, const void *data, size_t size_bytes)
{
    check_bind(sqlite3_bind_blob64(from_statement(self)->handle, (int)index, data, size_bytes,
                                   SQLITE_TRANSIENT),
               self);
}

static void bind_kept_text(BaseDbStatement *self, unsigned index, const char *value)
{
    check_bind(
        sqlite3_bind_text(from_statement(self)->handle, (int)index, value, -1, SQLITE_STATIC),
        self);
}

static void bind_kept_blob(BaseDbStatement *self, unsigned index, const void *data,
                           size_t size_bytes)
{
    check_bind(sqlite3_bind_blob64(from_statement(self)->handle, (int)index, data, size_bytes,
                                   SQLITE_STATIC),
               self);
}

static bool step(BaseDbStatement *self, bool *out_row, GError **error)
{
    SqliteStatement *statement = from_statement(self);
    statement->active = true;
    int result = sqlite3_step(statement->handle);
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        (void)set_error(from_db(self->db)->handle, "", error);
        (void)sqlite3_reset(statement->handle);
        statement->active = false;
        return false;
    }
    *out_row = result == SQLITE_ROW;
    if (result == SQLITE_DONE) {
        (void)sqlite3_reset(statement->handle);
        statement->active = false;
    }
    return true;
}

static uint64_t changed(BaseDbStatement *self)
{
    return (uint64_t)sqlite3_changes64(from_db(self->db)->handle);
}

static bool run_kept(Sqlite *self, sqlite3_stmt **kept, const char *sql, GError **error)
{
    if (*kept == NULL && sqlite3_prepare_v3(self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, kept,
                                            NULL) != SQLITE_OK)
        return set_error(self->handle, "", error);
    bool ok = sqlite3_step(*kept) == SQLITE_DONE || set_error(self->handle, "", error);
    (void)sqlite3_reset(*kept);
    return ok;
}

static bool exec(BaseDb *self, const char *sql, GError **error)
{
    Sqlite *own = from_db(self);
    if (sql == self->engine->begin_write)
        return run_kept(own, &own->begin, sql, error);
    if (sql == self->engine->commit)
        return run_kept(own, &own->commit, sql, error);
    return sqlite3_exec(own->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
           set_error(own->handle, "", error);
}

static bool get_room(const char *dir, uint64_t *out_bytes)
{
    struct statvfs room;
    if (statvfs(dir, &room) != 0)
        return false;
    *out_bytes = (uint64_t)room.f_bfree * room.f_frsize;
    return true;
}

/* The WAL's shared index is a mapping with holes where blocks are smaller than pages: without room
 * for them it kills who writes to it, where an error is wanted. */
static bool has_room(const char *path, const char *dir, uint64_t *out_bytes, GError **error)
{
    *out_bytes = 0;
    if (!get_room(dir, out_bytes) || *out_bytes >= ROOM_MIN_BYTES)
        return true;
    g_set_error(error, BASE_DB_ERROR, BASE_DB_ERROR_FULL, "no room is left on the disk of ‘%s’",
                path);
    return false;
}

static bool check_room(BaseDb *self, GError **error)
{
    Sqlite *own = from_db(self);
    int64_t now_us = g_get_monotonic_time();
    uint64_t room_bytes = 0;
    if (self->path == NULL || now_us < own->room_until_us)
        return true;
    if (!has_room(self->path, own->dir, &room_bytes, error))
        return false;
    if (room_bytes >= ROOM_PLENTY_BYTES)
        own->room_until_us = now_us + ROOM_TRUST_US;
    return true;
}

static int column(BaseDbStatement *self, const char *name)
{
    char **columns = from_statement(self)->columns;
    for (int i = 0; columns[i] != NULL; i++) {
        if (strcmp(columns[i], name) == 0)
            return i;
    }
    return -1;
}

static bool is_null(BaseDbStatement *self, int index)
{
    return sqlite3_column_type(from_statement(self)->handle, index) == SQLITE_NULL;
}

static int64_t get_int(BaseDbStatement *self, int index)
{
    return sqlite3_column_int64(from_statement(self)->handle, index);
}

static const char *get_text(BaseDbStatement *self, int index)
{
    return (const char *)sqlite3_column_text(from_statement(self)->handle, index);
}

static const void *get_blob(BaseDbStatement *self, int index, size_t *out_size_bytes)
{
    sqlite3_stmt *handle = from_statement(self)->handle;
    const void *data = sqlite3_column_blob(handle, index);
    *out_size_bytes = (size_t)sqlite3_column_bytes(handle, index);
    return data != NULL ? data : "";
}

static bool revive(BaseDb *self, GError **error)
{
    return true;
}

static bool read_data_version(BaseDb *self, int64_t *out_version, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(self, "PRAGMA data_version", error);
    bool row = false;
    if (statement == NULL || !step(statement, &row, error))
        return false;
    *out_version = base_db_column_int(statement, "data_version");
    reset(statement);
    return true;
}

static bool listen_to(BaseDb *self, const char *channel, GError **error)
{
    return read_data_version(self, &from_db(self)->seen_version, error);
}

static bool wait_for(BaseDb *self, unsigned timeout_ms, GCancellable *cancellable,
                     bool *out_changed, GError **error)
{
    int64_t end = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    for (;;) {
        int64_t version = 0;
        if (!read_data_version(self, &version, error))
            return false;
        if (version != from_db(self)->seen_version) {
            from_db(self)->seen_version = version;
            *out_changed = true;
            return true;
        }
        int64_t left = end - g_get_monotonic_time();
        if (left <= 0 || g_cancellable_is_cancelled(cancellable)) {
            *out_changed = false;
            return !g_cancellable_set_error_if_cancelled(cancellable, error);
        }
        g_usleep((gulong)MIN(left, POLL_MS * 1000));
    }
}

static int on_busy(void *data, int tries)
{
    if (tries >= BUSY_TRIES)
        return 0;
    g_usleep(1000);
    return 1;
}

static const BaseDbEngine engine = {
    .name = "sqlite",
    .close = close_db,
    .prepare = prepare,
    .finalize = finalize,
    .reset = reset,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_blob = bind_blob,
    .bind_kept_text = bind_kept_text,
    .bind_kept_blob = bind_kept_blob,
    .step = step,
    .changed = changed,
    .exec = exec,
    .column = column,
    .is_null = is_null,
    .get_int = get_int,
    .get_text = get_text,
    .get_blob = get_blob,
    .revive = revive,
    .check_room = check_room,
    .listen = listen_to,
    .wait = wait_for,
    .begin_write = "BEGIN IMMEDIATE",
    .begin_read = "BEGIN",
    .commit = "COMMIT",
};

BaseDb *base_db_sqlite_open(const char *path, GError **error)
{
    g_autofree Sqlite *self = g_new0(Sqlite, 1);
    self->base.engine = &engine;
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *what = g_strdup_printf("opening ‘%s’: ", path);
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    /* opening makes the shared index when nobody else has the database open */
    g_autofree char *index_path = g_strconcat(path, "-shm", NULL);
    uint64_t room_bytes = 0;
    if (access(index_path, F_OK) != 0 && !has_room(path, dir, &room_bytes, error))
        return NULL;
    bool ok = sqlite3_open_v2(path, &self->handle, flags, base_db_sqlite_get_vfs()) == SQLITE_OK;
    if (ok) {
        (void)sqlite3_busy_handler(self->handle, on_busy, NULL);
        (void)sqlite3_limit(self->handle, SQLITE_LIMIT_ATTACHED, 0);
        /* a checkpoint waits for the disk twice: one comes with each 8000 pages, which are 32 MB */
        ok = sqlite3_exec(self->handle,
                          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                          "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; "
                          "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8000; "
                          "PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY",
                          NULL, NULL, NULL) == SQLITE_OK;
    }
    if (!ok) {
        (void)set_error(self->handle, what, error);
        (void)sqlite3_close_v2(self->handle);
        return NULL;
    }
    if (strcmp(path, ":memory:") != 0)
        self->base.path = g_strdup(path);
    self->dir = g_steal_pointer(&dir);
    return &((Sqlite *)g_steal_pointer(&self))->base;
}
