/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events as rows, and long bodies as files beside an SQLite database, named by their digest.
 */
#include "base/error.h"
#include "base/fd.h"
#include "bus/log-private.h"
#include "bus/signed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Events of one statement: bodies of a megabyte each still fit into a message. */
#define ARRAY_MAX 100
/* SQLite opens and leaves the table once for a statement. */
#define ROWS_AT_ONCE 8
#define INSERT                                                                                     \
    "INSERT INTO bus_event (seq, id, signed, signature, hash, body, blob) VALUES "                 \
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
#define MORE ", (?, ?, ?, ?, ?, ?, ?)"

static int get_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool bus_log_id_to_bytes(const char *id, uint8_t out_bytes[static 16])
{
    for (unsigned i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *id++ != '-')
            return false;
        int high = get_digit(id[0]);
        int low = high >= 0 ? get_digit(id[1]) : -1;
        if (low < 0)
            return false;
        out_bytes[i] = (uint8_t)(high << 4 | low);
        id += 2;
    }
    return *id == '\0';
}

static char *blob_name(const BusEvent *event, char out_dir[3])
{
    char hex[BASE_SHA256_HEX_CHARS + 1];
    base_digest_to_hex(event->body_digest, sizeof event->body_digest, hex);
    g_strlcpy(out_dir, hex, 3);
    return g_strdup_printf("%.2s/%s", hex, hex + 2);
}

/* The file is whole and on the disk before the transaction that names it commits. */
static bool save_blob(BusLog *log, const BusEvent *event, GError **error)
{
    char sub[3];
    g_autofree char *name = blob_name(event, sub);
    g_autofree char *dir = g_build_filename(log->blob_dir, sub, NULL);
    g_autofree char *path = g_build_filename(log->blob_dir, name, NULL);
    if (access(path, F_OK) == 0)
        return true;
    if (!base_fd_make_dirs(AT_FDCWD, dir, 0755, error) ||
        !base_fd_replace_file(AT_FDCWD, path, event->body, strlen(event->body), 0644,
                              BASE_FD_REPLACE_DEFAULT, error)) {
        g_prefix_error(error, "writing a long body: ");
        return false;
    }
    base_autofd dfd = base_fd_open_dir(AT_FDCWD, dir, error);
    if (dfd < 0)
        return false;
    if (fsync(dfd) != 0)
        return base_error_set_errno(error, errno, "syncing ‘%s’", dir);
    return true;
}

char *bus_row_load_blob(BusLog *log, const BusEvent *event, GError **error)
{
    char sub[3];
    g_autofree char *name = blob_name(event, sub);
    g_autofree char *path = g_build_filename(log->blob_dir, name, NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, BUS_BODY_MAX_BYTES, error);
    if (bytes == NULL) {
        g_prefix_error(error, "the body of event %" G_GUINT64_FORMAT ": ", event->seq);
        return NULL;
    }
    return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static bool take_bytes(BaseDbStatement *row, const char *name, uint8_t *out_bytes,
                       size_t size_bytes)
{
    size_t got_bytes = 0;
    const void *bytes = base_db_column_blob(row, name, &got_bytes);
    if (bytes == NULL || got_bytes != size_bytes)
        return false;
    memcpy(out_bytes, bytes, size_bytes);
    return true;
}

static bool take_signature(BaseDbStatement *row, BusEvent *event)
{
    size_t size_bytes = 0;
    const void *bytes = base_db_column_blob(row, "signature", &size_bytes);
    return bytes != NULL && bus_signature_read(&event->signature, bytes, size_bytes, NULL);
}

BusEvent *bus_row_read(BusLog *log, BaseDbStatement *row, GError **error)
{
    int64_t seq = base_db_column_int(row, "seq");
    const char *text = base_db_column_text(row, "signed");
    /* That the text is canonical, and all else, is for bus_verify(): readers come by often. */
    g_autoptr(BusEvent) event = bus_signed_scan(text != NULL ? text : "", NULL);
    if (event == NULL || event->seq != (uint64_t)seq || !take_signature(row, event) ||
        !take_bytes(row, "hash", event->hash, sizeof event->hash)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "event %" G_GINT64_FORMAT " is altered: its signed text is not that of an "
                    "event of that number, or its signature none; atoll bus verify",
                    seq);
        return NULL;
    }
    event->signed_text = g_strdup(text);
    event->body = g_strdup(base_db_column_text(row, "body"));
    if (base_db_column_int(row, "blob") != 0 && log->blob_dir != NULL) {
        event->body = bus_row_load_blob(log, event, error);
        if (event->body == NULL)
            return NULL;
    }
    return g_steal_pointer(&event);
}

static bool count_blob(BusLog *log, const BusEvent *event, int64_t by, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        log->db,
        "INSERT INTO bus_blob (digest, refs) VALUES (?1, ?2) ON CONFLICT (digest) DO UPDATE SET "
        "refs = refs + excluded.refs",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_blob(statement, 1, event->body_digest, sizeof event->body_digest);
    base_db_bind_int(statement, 2, by);
    return base_db_run(statement, NULL, error);
}

bool bus_row_release_blob(BusLog *log, const BusEvent *event, GError **error)
{
    return count_blob(log, event, -1, error);
}

bool bus_row_remove_blob(BusLog *log, const BusEvent *event, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, "DELETE FROM bus_blob WHERE digest = ?1 AND refs <= 0", error);
    uint64_t changed = 0;
    if (statement == NULL)
        return false;
    base_db_bind_blob(statement, 1, event->body_digest, sizeof event->body_digest);
    if (!base_db_run(statement, &changed, error))
        return false;
    char sub[3];
    g_autofree char *name = blob_name(event, sub);
    g_autofree char *path = g_build_filename(log->blob_dir, name, NULL);
    if (changed != 0 && unlink(path) != 0 && errno != ENOENT)
        return base_error_set_errno(error, errno, "removing ‘%s’", path);
    return true;
}

/* Beside the row: a long body. @event and @id stay until the statement has run. */
static bool bind_event(BusLog *log, BaseDbStatement *statement, unsigned first,
                       const BusEvent *event, uint8_t id[static 16], GError **error)
{
    bool blob = event->body != NULL && log->blob_dir != NULL &&
                strlen(event->body) > BUS_BODY_INLINE_MAX_BYTES;
    if (blob && (!count_blob(log, event, 1, error) || !save_blob(log, event, error)))
        return false;
    if (!bus_log_id_to_bytes(event->id, id))
        g_assert_not_reached();
    base_db_bind_int(statement, first, (int64_t)event->seq);
    base_db_bind_kept_blob(statement, first + 1, id, 16);
    base_db_bind_kept_text(statement, first + 2, event->signed_text);
    base_db_bind_kept_blob(statement, first + 3, event->signature.bytes,
                           event->signature.size_bytes);
    base_db_bind_kept_blob(statement, first + 4, event->hash, sizeof event->hash);
    base_db_bind_kept_text(statement, first + 5, blob ? NULL : event->body);
    base_db_bind_int(statement, first + 6, blob);
    return true;
}

bool bus_row_insert(BusLog *log, const BusEvent *event, GError **error)
{
    uint8_t id[16];
    BaseDbStatement *statement = base_db_prepare(log->db, INSERT, error);
    return statement != NULL && bind_event(log, statement, 1, event, id, error) &&
           base_db_run(statement, NULL, error);
}

static bool insert_many(BusLog *log, BusEvent *const *events, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, INSERT MORE MORE MORE MORE MORE MORE MORE, error);
    uint8_t ids[ROWS_AT_ONCE][16];
    for (unsigned i = 0; statement != NULL && i < ROWS_AT_ONCE; i++) {
        if (!bind_event(log, statement, 7 * i + 1, events[i], ids[i], error))
            return false;
    }
    return statement != NULL && base_db_run(statement, NULL, error);
}

static void append_bytes(GString *array, const uint8_t *bytes, size_t size_bytes)
{
    char hex[2 * BUS_SIGNATURE_MAX_BYTES + 1];
    base_digest_to_hex(bytes, size_bytes, hex);
    g_string_append_printf(array, "%s\"\\\\x%s\"", array->len > 1 ? "," : "", hex);
}

static void append_text(GString *array, const char *text)
{
    if (array->len > 1)
        g_string_append_c(array, ',');
    if (text == NULL) {
        g_string_append(array, "NULL");
        return;
    }
    g_string_append_c(array, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(array, '\\');
        g_string_append_c(array, *p);
    }
    g_string_append_c(array, '"');
}

/* PostgreSQL takes arrays: literals of them, here ({"a","b"}). */
static bool insert_arrays(BusLog *log, const GPtrArray *events, guint start, guint end,
                          GError **error)
{
    enum { SEQ, ID, SIGNED, SIGNATURE, HASH, BODY, N_COLUMNS };
    GString *arrays[N_COLUMNS];
    for (unsigned c = 0; c < N_COLUMNS; c++)
        arrays[c] = g_string_new("{");
    for (guint i = start; i < end; i++) {
        const BusEvent *event = events->pdata[i];
        uint8_t id[16];
        if (!bus_log_id_to_bytes(event->id, id))
            g_assert_not_reached();
        g_string_append_printf(arrays[SEQ], "%s%" G_GUINT64_FORMAT, i > start ? "," : "",
                               event->seq);
        append_bytes(arrays[ID], id, sizeof id);
        append_text(arrays[SIGNED], event->signed_text);
        append_bytes(arrays[SIGNATURE], event->signature.bytes, event->signature.size_bytes);
        append_bytes(arrays[HASH], event->hash, sizeof event->hash);
        append_text(arrays[BODY], event->body);
    }
    BaseDbStatement *statement =
        base_db_prepare(log->db,
                        "INSERT INTO bus_event (seq, id, signed, signature, hash, body, blob) "
                        "SELECT *, 0 FROM unnest(?1::bigint[], ?2::bytea[], ?3::text[], "
                        "?4::bytea[], ?5::bytea[], ?6::text[])",
                        error);
    for (unsigned c = 0; c < N_COLUMNS; c++) {
        g_string_append_c(arrays[c], '}');
        if (statement != NULL)
            base_db_bind_text(statement, c + 1, arrays[c]->str);
        g_string_free(arrays[c], TRUE);
    }
    return statement != NULL && base_db_run(statement, NULL, error);
}

unsigned bus_rows_insert_at_once(const BusLog *log)
{
    return base_db_is_postgresql(log->db) ? ARRAY_MAX : ROWS_AT_ONCE;
}

bool bus_rows_insert(BusLog *log, const GPtrArray *events, unsigned start, unsigned end,
                     GError **error)
{
    if (base_db_is_postgresql(log->db) && end - start > 1) {
        g_assert(end - start <= ARRAY_MAX);
        return insert_arrays(log, events, start, end, error);
    }
    unsigned i = start;
    for (; end - i >= ROWS_AT_ONCE; i += ROWS_AT_ONCE) {
        if (!insert_many(log, (BusEvent *const *)events->pdata + i, error))
            return false;
    }
    for (; i < end; i++) {
        if (!bus_row_insert(log, events->pdata[i], error))
            return false;
    }
    return true;
}
