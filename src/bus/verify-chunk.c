/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What verifying can do for many events side by side: forms, digests, signatures.
 */
#include "bus/verify-private.h"

#include "base/parallel.h"
#include "bus/signed.h"

#include <string.h>

#define CHUNK_EVENTS 4096
#define SLICE_EVENTS 256

static void clear_row(gpointer data)
{
    BusVerifyRow *row = data;
    g_free(row->text);
    g_free(row->body);
    bus_event_free(row->event);
    g_clear_error(&row->signature_error);
}

void bus_verify_chunk_init(BusVerifyChunk *self)
{
    self->rows = g_array_sized_new(FALSE, TRUE, sizeof(BusVerifyRow), CHUNK_EVENTS);
    g_array_set_clear_func(self->rows, clear_row);
}

void bus_verify_chunk_clear(BusVerifyChunk *self)
{
    g_clear_pointer(&self->rows, g_array_unref);
}

static bool take(BaseDbStatement *statement, const char *name, uint8_t *out, size_t size_bytes)
{
    size_t got_bytes = 0;
    const void *bytes = base_db_column_blob(statement, name, &got_bytes);
    if (bytes == NULL || got_bytes != size_bytes)
        return false;
    memcpy(out, bytes, size_bytes);
    return true;
}

bool bus_verify_chunk_read(BusVerifyChunk *self, BusLog *log, uint64_t after_seq, GError **error)
{
    g_array_set_size(self->rows, 0);
    BaseDbStatement *statement =
        base_db_prepare(log->db,
                        "SELECT seq, id, signed, signature, hash, body, blob FROM bus_event WHERE "
                        "seq > ?1 ORDER BY seq LIMIT ?2",
                        error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)after_seq);
    base_db_bind_int(statement, 2, CHUNK_EVENTS);
    for (;;) {
        bool more = false;
        if (!base_db_step(statement, &more, error))
            return false;
        if (!more)
            return true;
        BusVerifyRow row = {.seq = (uint64_t)base_db_column_int(statement, "seq")};
        row.text = g_strdup(base_db_column_text(statement, "signed"));
        row.body = g_strdup(base_db_column_text(statement, "body"));
        row.blob = base_db_column_int(statement, "blob") != 0;
        bool id = take(statement, "id", row.id, sizeof row.id);
        size_t size_bytes = 0;
        const void *signature = base_db_column_blob(statement, "signature", &size_bytes);
        if (!bus_signature_read(&row.signature, signature, size_bytes, &row.signature_error))
            row.signature.size_bytes = 0;
        bool hash = take(statement, "hash", row.hash, sizeof row.hash);
        row.whole = id && hash && row.text != NULL;
        g_array_append_val(self->rows, row);
    }
}

typedef struct {
    BusVerifyChunk *chunk;
    BusVerifyChunk *next;
    BusLog *log;
    uint64_t after_seq;
    BusVerifyBeside beside;
    void *user_data;
} Work;

static void parse_row(BusVerifyRow *row, BusLog *log, BaseSha256 *sha256)
{
    uint8_t bytes[BASE_SHA256_BYTES];
    if (!row->whole)
        return;
    bus_hash_text(sha256, row->text, strlen(row->text), row->text_hash);
    bus_hash_leaf(sha256, row->text, &row->signature, row->leaf);
    row->event = bus_signed_parse(row->text, NULL);
    if (row->event == NULL)
        return;
    row->id_fits = bus_log_id_to_bytes(row->event->id, bytes) && memcmp(bytes, row->id, 16) == 0;
    if (row->blob && log->blob_dir != NULL) {
        g_free(row->body);
        row->body = bus_row_load_blob(log, row->event, NULL);
        row->body_missing = row->body == NULL;
    }
    row->body_fits = true;
    if (row->body != NULL) {
        bus_hash_text(sha256, row->body, strlen(row->body), bytes);
        row->body_fits = memcmp(bytes, row->event->body_digest, sizeof bytes) == 0;
    }
    row->event->body =
        g_strdup(row->body_fits && bus_policy_is_change(row->event->topic) ? row->body : NULL);
}

static bool parse_slice(size_t index, unsigned worker, void *user_data, GError **error)
{
    Work *work = user_data;
    if (index == 0)
        return work->beside(work->user_data, error);
    index--;
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    GArray *rows = work->chunk->rows;
    for (guint i = (guint)index * SLICE_EVENTS; i < rows->len && i < (index + 1) * SLICE_EVENTS;
         i++)
        parse_row(&g_array_index(rows, BusVerifyRow, i), work->log, sha256);
    return true;
}

static size_t count_slices(const BusVerifyChunk *chunk)
{
    return (chunk->rows->len + SLICE_EVENTS - 1) / SLICE_EVENTS;
}

bool bus_verify_chunk_parse(BusVerifyChunk *self, BusLog *log, BusVerifyBeside beside,
                            void *user_data, GCancellable *cancellable, GError **error)
{
    Work work = {.chunk = self, .log = log, .beside = beside, .user_data = user_data};
    return base_parallel_for(count_slices(self) + 1, 0, parse_slice, &work, cancellable, error);
}

static bool check_slice(size_t index, unsigned worker, void *user_data, GError **error)
{
    Work *work = user_data;
    if (index == 0)
        return bus_verify_chunk_read(work->next, work->log, work->after_seq, error);
    index--;
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    BusSignatureMemory memory = {0};
    GArray *rows = work->chunk->rows;
    for (guint i = (guint)index * SLICE_EVENTS; i < rows->len && i < (index + 1) * SLICE_EVENTS;
         i++) {
        BusVerifyRow *row = &g_array_index(rows, BusVerifyRow, i);
        row->signature_fits =
            row->key != NULL && bus_signature_check(&row->signature, row->text, row->text_hash,
                                                    row->key->public_key, sha256, &memory);
    }
    return true;
}

bool bus_verify_chunk_check(BusVerifyChunk *self, BusVerifyChunk *next, BusLog *log,
                            uint64_t after_seq, GCancellable *cancellable, GError **error)
{
    Work work = {.chunk = self, .next = next, .log = log, .after_seq = after_seq};
    return base_parallel_for(count_slices(self) + 1, 0, check_slice, &work, cancellable, error);
}
