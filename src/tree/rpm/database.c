/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * rpm's database as it goes into a tree (rpm 4.18, lib/backend/sqlite.c: a table of headers
 * and one table for each index).
 */
#include "tree/rpm/database.h"

#include "tree/rpm/types.h"

#include <rpm/rpmtag.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

typedef sqlite3 Database;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Database, sqlite3_close)
typedef sqlite3_stmt Statement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Statement, sqlite3_finalize)

static bool set_error(GError **error, Database *database)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "rpm's database: %s",
                sqlite3_errmsg(database));
    return false;
}

static void copy_number(Header from, Header to, rpmTagVal tag)
{
    uint32_t value = (uint32_t)headerGetNumber(from, tag);
    (void)headerPutUint32(to, tag, &value, 1);
}

/* In the order in which rpm adds them. */
static GBytes *make_header(Header installed, const TreeRpmRecord *record, GError **error)
{
    g_autoptr(TreeRpmHeader) header = tree_rpm_header_load(record->header, error);
    if (header == NULL)
        return NULL;
    size_t n_states = 0;
    const void *states = g_bytes_get_data(record->states, &n_states);
    if (n_states > 0)
        (void)headerPutChar(header, RPMTAG_FILESTATES, states, (rpm_count_t)n_states);
    copy_number(installed, header, RPMTAG_INSTALLTID);
    copy_number(installed, header, RPMTAG_INSTALLTIME);
    copy_number(installed, header, RPMTAG_INSTALLCOLOR);
    unsigned size_bytes = 0;
    void *blob = headerExport(header, &size_bytes);
    return g_bytes_new_with_free_func(blob, size_bytes, free, blob);
}

static bool update(Database *database, int64_t number, GBytes *blob, GError **error)
{
    g_autoptr(Statement) statement = NULL;
    if (sqlite3_prepare_v2(database, "UPDATE Packages SET blob = ?1 WHERE hnum = ?2", -1,
                           &statement, NULL) != SQLITE_OK ||
        sqlite3_bind_blob(statement, 1, g_bytes_get_data(blob, NULL), (int)g_bytes_get_size(blob),
                          SQLITE_TRANSIENT) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, number) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        return set_error(error, database);
    return true;
}

/* A row of an earlier transaction has what it should have already. */
static bool replace_row(Database *database, Statement *row, GHashTable *records, guint *n_replaced,
                        GError **error)
{
    const void *blob = sqlite3_column_blob(row, 1);
    g_autoptr(GBytes) bytes = g_bytes_new(blob, (size_t)sqlite3_column_bytes(row, 1));
    g_autoptr(TreeRpmHeader) installed = tree_rpm_header_load(bytes, error);
    if (installed == NULL)
        return false;
    char *name = headerGetAsString(installed, RPMTAG_NEVRA);
    const TreeRpmRecord *record = g_hash_table_lookup(records, name);
    free(name);
    if (record == NULL)
        return true;
    (*n_replaced)++;
    g_autoptr(GBytes) wanted = make_header(installed, record, error);
    return wanted != NULL && update(database, sqlite3_column_int64(row, 0), wanted, error);
}

static bool replace_all(Database *database, GHashTable *records, GError **error)
{
    g_autoptr(Statement) rows = NULL;
    guint n_replaced = 0;
    if (sqlite3_prepare_v2(database, "SELECT hnum, blob FROM Packages ORDER BY hnum", -1, &rows,
                           NULL) != SQLITE_OK)
        return set_error(error, database);
    int result = 0;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        if (!replace_row(database, rows, records, &n_replaced, error))
            return false;
    }
    if (result != SQLITE_DONE)
        return set_error(error, database);
    if (n_replaced == g_hash_table_size(records))
        return true;
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                "rpm's database has %u of the %u packages that were to go in", n_replaced,
                g_hash_table_size(records));
    return false;
}

static bool execute(Database *database, const char *sql, GError **error)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK || set_error(error, database);
}

static bool write_anew(Database *database, const char *path, GError **error)
{
    g_autofree char *sql = g_strdup_printf("VACUUM INTO '%s'", path);
    return execute(database, "PRAGMA wal_checkpoint(TRUNCATE)", error) &&
           execute(database, "PRAGMA journal_mode = DELETE", error) &&
           execute(database, sql, error);
}

static bool normalise(const char *path, const char *fresh, GHashTable *records, GError **error)
{
    g_autoptr(Database) database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return set_error(error, database);
    return execute(database, "BEGIN", error) && replace_all(database, records, error) &&
           execute(database, "COMMIT", error) && write_anew(database, fresh, error);
}

bool tree_rpm_database_normalise(const char *path, GHashTable *records, GError **error)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", NULL};
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    (void)unlink(fresh);
    if (!normalise(path, fresh, records, error))
        return false;
    for (const char *const *suffix = suffixes; *suffix != NULL; suffix++) {
        g_autofree char *litter = g_strconcat(path, *suffix, NULL);
        (void)unlink(litter);
    }
    if (rename(fresh, path) == 0)
        return true;
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "rpm's database: renaming it: %m");
    return false;
}
