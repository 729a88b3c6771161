/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/db.h"

#include <glib/gstdio.h>
#include <string.h>

static const BaseDbMigration migrations[] = {
    {.sqlite = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c BLOB)",
     .postgresql = "CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT, c BYTEA)"},
    {.sql = "CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (7)"},
};

typedef struct {
    char *dir;
    char *path;
    BaseDb *db;
} Fixture;

static void set_up(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    self->dir = g_dir_make_tmp("atoll-db-XXXXXX", &error);
    g_assert_no_error(error);
    self->path = g_build_filename(self->dir, "x.db", NULL);
    self->db = base_db_open(self->path, &error);
    g_assert_no_error(error);
    g_assert_true(base_db_migrate(self->db, "test", migrations, 2, &error));
}

static void tear_down(Fixture *self, const void *data)
{
    base_db_close(self->db);
    g_autofree char *wal = g_strconcat(self->path, "-wal", NULL);
    g_autofree char *shm = g_strconcat(self->path, "-shm", NULL);
    (void)g_remove(wal);
    (void)g_remove(shm);
    (void)g_remove(self->path);
    g_assert_cmpint(g_rmdir(self->dir), ==, 0);
    g_free(self->path);
    g_free(self->dir);
}

static void insert(BaseDb *db, int64_t a, const char *b, const char *c)
{
    g_autoptr(GError) error = NULL;
    uint64_t changed = 0;
    BaseDbStatement *statement =
        base_db_prepare(db, "INSERT INTO t (a, b, c) VALUES (?1, ?2, ?3)", &error);
    g_assert_no_error(error);
    base_db_bind_int(statement, 1, a);
    base_db_bind_text(statement, 2, b);
    base_db_bind_blob(statement, 3, c, c != NULL ? strlen(c) : 0);
    g_assert_true(base_db_run(statement, &changed, &error));
    g_assert_cmpuint(changed, ==, 1);
}

static int64_t count(BaseDb *db)
{
    g_autoptr(GError) error = NULL;
    bool row = false;
    BaseDbStatement *statement = base_db_prepare(db, "SELECT COUNT(*) AS n FROM t", &error);
    g_assert_no_error(error);
    g_assert_true(base_db_step(statement, &row, &error) && row);
    int64_t n = base_db_column_int(statement, "n");
    base_db_reset(statement);
    return n;
}

static void test_values(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    insert(self->db, -5, "grüße", "\x01\x02");
    insert(self->db, G_MAXINT64, NULL, NULL);
    BaseDbStatement *statement =
        base_db_prepare(self->db, "SELECT a, b, c FROM t ORDER BY a", &error);
    bool row = false;
    size_t size_bytes = 9;
    g_assert_true(base_db_step(statement, &row, &error) && row);
    g_assert_cmpint(base_db_column_int(statement, "a"), ==, -5);
    g_assert_cmpstr(base_db_column_text(statement, "b"), ==, "grüße");
    g_assert_cmpint(memcmp(base_db_column_blob(statement, "c", &size_bytes), "\x01\x02", 2), ==, 0);
    g_assert_cmpuint(size_bytes, ==, 2);
    g_assert_true(base_db_step(statement, &row, &error) && row);
    g_assert_cmpint(base_db_column_int(statement, "a"), ==, G_MAXINT64);
    g_assert_null(base_db_column_text(statement, "b"));
    g_assert_null(base_db_column_blob(statement, "c", &size_bytes));
    g_assert_true(base_db_step(statement, &row, &error) && !row);
}

static void test_transactions(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseDb) other = base_db_open(self->path, &error);
    g_assert_true(base_db_begin(self->db, &error));
    insert(self->db, 1, "x", NULL);
    g_assert_cmpint(count(other), ==, 0);
    base_db_rollback(self->db);
    g_assert_cmpint(count(self->db), ==, 0);
    g_assert_true(base_db_begin(self->db, &error));
    insert(self->db, 1, "x", NULL);
    g_assert_true(base_db_listen(other, "t", &error));
    g_assert_true(base_db_commit(self->db, &error));
    bool changed = false;
    g_assert_true(base_db_wait(other, 5000, NULL, &changed, &error));
    g_assert_true(changed);
    g_assert_true(base_db_wait(other, 1, NULL, &changed, &error));
    g_assert_false(changed);
    g_assert_cmpint(count(other), ==, 1);
}

static int64_t get_size(const char *path)
{
    GStatBuf info;
    g_assert_cmpint(g_stat(path, &info), ==, 0);
    return info.st_size;
}

static void copy_file(const char *from, const char *to)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    size_t size_bytes = 0;
    g_assert_true(g_file_get_contents(from, &data, &size_bytes, &error));
    g_assert_true(g_file_set_contents(to, data, (gssize)size_bytes, &error));
}

/* What lies there is what a machine finds that lost its power. */
static int64_t count_after_crash(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    g_autofree char *copy = g_strconcat(path, "-copy", NULL);
    g_autofree char *copied_wal = g_strconcat(copy, "-wal", NULL);
    copy_file(path, copy);
    copy_file(wal, copied_wal);
    BaseDb *db = base_db_open(copy, &error);
    g_assert_no_error(error);
    int64_t n = count(db);
    base_db_close(db);
    g_assert_cmpint(g_remove(copy), ==, 0);
    return n;
}

/* The log is longer than what is in it; two write to it in turn, and one outgrows its memory. */
static void test_log_steps(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseDb) other = base_db_open(self->path, &error);
    g_autofree char *wal = g_strconcat(self->path, "-wal", NULL);
    g_autofree char *text = g_strnfill(3000, 'x');
    unsigned changes = 0;
    for (int64_t i = 0; i < 100; i++) {
        int64_t before = get_size(wal);
        insert(i % 2 == 0 ? self->db : other, i, text, NULL);
        changes += get_size(wal) != before;
    }
    g_assert_cmpuint(changes, >, 0);
    g_assert_cmpuint(changes, <, 10);
    g_assert_cmpint(count_after_crash(self->path), ==, 100);
    g_assert_true(base_db_exec(self->db, "PRAGMA cache_size=5", &error));
    g_assert_true(base_db_begin(self->db, &error));
    for (int64_t i = 100; i < 1000; i++) {
        insert(self->db, i, text, NULL);
        g_assert_true(base_db_exec(self->db, "UPDATE u SET a = a + 1", &error));
    }
    g_assert_cmpint(count_after_crash(self->path), ==, 100);
    g_assert_true(base_db_commit(self->db, &error));
    g_assert_cmpint(count_after_crash(self->path), ==, 1000);
    /* more than goes out in one write; and who does not sync has written it all the same */
    g_assert_true(base_db_exec(other, "PRAGMA synchronous=OFF", &error));
    g_assert_true(base_db_begin(other, &error));
    for (int64_t i = 1000; i < 1100; i++)
        insert(other, i, text, NULL);
    g_assert_true(base_db_commit(other, &error));
    g_assert_cmpint(count(self->db), ==, 1100);
    g_assert_cmpint(count_after_crash(self->path), ==, 1100);
    g_assert_true(base_db_exec(self->db, "PRAGMA wal_checkpoint(TRUNCATE)", &error));
    g_assert_cmpint(get_size(wal), ==, 0);
    insert(other, 1100, text, NULL);
    g_assert_cmpint(count_after_crash(self->path), ==, 1101);
}

static void test_constraint(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    insert(self->db, 1, "x", NULL);
    BaseDbStatement *statement =
        base_db_prepare(self->db, "INSERT INTO t (a, b, c) VALUES (?1, ?2, ?3)", &error);
    base_db_bind_int(statement, 1, 1);
    g_assert_false(base_db_run(statement, NULL, &error));
    g_assert_error(error, BASE_DB_ERROR, BASE_DB_ERROR_CONSTRAINT);
}

static void test_migrations(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(base_db_migrate(self->db, "test", migrations, 2, &error));
    g_assert_false(base_db_migrate(self->db, "test", migrations, 1, &error));
    g_assert_error(error, BASE_DB_ERROR, BASE_DB_ERROR_NEWER);
    g_clear_error(&error);
    /* a step that fails leaves nothing of itself */
    const BaseDbMigration bad[] = {{.sql = "CREATE TABLE v (a INTEGER); SELECT nothing FROM v"}};
    g_assert_false(base_db_migrate(self->db, "bad", bad, 1, &error));
    g_clear_error(&error);
    g_assert_false(base_db_exec(self->db, "SELECT * FROM v", &error));
}

static void test_urls(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(base_db_open("mysql://u:geheim@h/x", &error));
    g_assert_null(strstr(error->message, "geheim"));
    g_clear_error(&error);
    g_assert_null(base_db_open("postgresql://u:geheim@[::1/x", &error));
    g_assert_null(strstr(error->message, "geheim"));
    g_clear_error(&error);
    g_assert_null(base_db_open("postgresql://u:geheim@127.0.0.1:1/x", &error));
    g_assert_error(error, BASE_DB_ERROR, BASE_DB_ERROR_AWAY);
    g_assert_null(strstr(error->message, "geheim"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/base/db/values", Fixture, NULL, set_up, test_values, tear_down);
    g_test_add("/base/db/transactions", Fixture, NULL, set_up, test_transactions, tear_down);
    g_test_add("/base/db/log-steps", Fixture, NULL, set_up, test_log_steps, tear_down);
    g_test_add("/base/db/constraint", Fixture, NULL, set_up, test_constraint, tear_down);
    g_test_add("/base/db/migrations", Fixture, NULL, set_up, test_migrations, tear_down);
    g_test_add_func("/base/db/urls", test_urls);
    return g_test_run();
}
