/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/db.h"

G_BEGIN_DECLS

/**
 * BaseDbEngine:
 *
 * What an engine does for db.c; each function is the one of db.h with its name, without the
 * bookkeeping that both engines share (statements by text, transaction state).
 */
typedef struct {
    const char *name;
    void (*close)(BaseDb *self);
    BaseDbStatement *(*prepare)(BaseDb *self, const char *sql, GError **error);
    void (*finalize)(BaseDbStatement *self);
    void (*reset)(BaseDbStatement *self);
    void (*bind_int)(BaseDbStatement *self, unsigned index, int64_t value);
    void (*bind_text)(BaseDbStatement *self, unsigned index, const char *value);
    void (*bind_blob)(BaseDbStatement *self, unsigned index, const void *data, size_t size_bytes);
    void (*bind_kept_text)(BaseDbStatement *self, unsigned index, const char *value);
    void (*bind_kept_blob)(BaseDbStatement *self, unsigned index, const void *data,
                           size_t size_bytes);
    bool (*step)(BaseDbStatement *self, bool *out_row, GError **error);
    uint64_t (*changed)(BaseDbStatement *self);
    bool (*exec)(BaseDb *self, const char *sql, GError **error);
    /* -1 when there is no such column */
    int (*column)(BaseDbStatement *self, const char *name);
    bool (*is_null)(BaseDbStatement *self, int column);
    int64_t (*get_int)(BaseDbStatement *self, int column);
    const char *(*get_text)(BaseDbStatement *self, int column);
    const void *(*get_blob)(BaseDbStatement *self, int column, size_t *out_size_bytes);
    /* opens the connection again when it broke; called outside of transactions */
    bool (*revive)(BaseDb *self, GError **error);
    /* (nullable): whether there is room to write; called before a transaction that will */
    bool (*check_room)(BaseDb *self, GError **error);
    bool (*listen)(BaseDb *self, const char *channel, GError **error);
    bool (*wait)(BaseDb *self, unsigned timeout_ms, GCancellable *cancellable, bool *out_changed,
                 GError **error);
    const char *begin_write;
    const char *begin_read;
    const char *commit;
} BaseDbEngine;

#define BASE_DB_RECENT 32

/* The head of each engine's own connection. */
struct _BaseDb {
    const BaseDbEngine *engine;
    GHashTable *statements; /* text → statement, both owned */
    /* by the address of a text: most are constants */
    BaseDbStatement *recent[BASE_DB_RECENT]; /* borrowed from @statements */
    bool in_transaction;
    char *path; /* of SQLite's file, else NULL */
};

/* The head of each engine's own statement. */
struct _BaseDbStatement {
    BaseDb *db; /* borrowed */
    char *sql;
};

/** base_db_sqlite_open: (transfer full): @path is made when missing */
BaseDb *base_db_sqlite_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_db_sqlite_get_vfs: (transfer none): the name of the file system that writes the log of
 * SQLite in steps */
const char *base_db_sqlite_get_vfs(void);

/** base_db_postgresql_open: (transfer full): @url is libpq's */
BaseDb *base_db_postgresql_open(const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
