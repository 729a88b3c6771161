/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The index of a block of 1024 events, written at once when the block is full: which events a
 * name stands in, how many, and the span of their times.
 */
#include "bus/block.h"

#include "bus/log-private.h"
#include "bus/signed.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t h;
    int64_t seq;
} Ref;

typedef struct {
    const char *kind;
    char *name;
    int64_t n;
} Name;

typedef struct {
    BusLog *log;
    uint64_t block;
    GArray *refs;
    GHashTable *names; /* int64 → Name */
    int64_t min_us;
    int64_t max_us;
} Sealer;

static void free_name(gpointer data)
{
    g_free(((Name *)data)->name);
    g_free(data);
}

/* Objects are too many to be counted block by block: their index rows are. */
static void add_ref(Sealer *self, const BusEvent *event, const char *kind, const char *text)
{
    Ref ref = {bus_hash_name(self->log->sha256, kind, text), (int64_t)event->seq};
    g_array_append_val(self->refs, ref);
    if (strcmp(kind, BUS_KIND_OBJECT) == 0)
        return;
    Name *name = g_hash_table_lookup(self->names, &ref.h);
    if (name == NULL) {
        name = g_new0(Name, 1);
        name->kind = kind;
        name->name = g_strdup(text);
        g_hash_table_insert(self->names, g_memdup2(&ref.h, sizeof ref.h), name);
    }
    name->n++;
}

static void add_event(Sealer *self, const BusEvent *event)
{
    g_autofree char *category = bus_topic_category(event->topic);
    add_ref(self, event, BUS_KIND_TOPIC, event->topic);
    add_ref(self, event, BUS_KIND_CATEGORY, category);
    add_ref(self, event, BUS_KIND_ACTOR, event->actor);
    for (unsigned i = 0; event->objects[i] != NULL; i++)
        add_ref(self, event, BUS_KIND_OBJECT, event->objects[i]);
    self->min_us = MIN(self->min_us, event->time_us);
    self->max_us = MAX(self->max_us, event->time_us);
}

static int compare_refs(const void *a, const void *b)
{
    const Ref *left = a;
    const Ref *right = b;
    if (left->h != right->h)
        return left->h < right->h ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

/* PostgreSQL takes arrays: one trip for the whole block. */
static bool write_refs_postgresql(Sealer *self, GError **error)
{
    g_autoptr(GString) hs = g_string_new("{");
    g_autoptr(GString) seqs = g_string_new("{");
    for (guint i = 0; i < self->refs->len; i++) {
        const Ref *ref = &g_array_index(self->refs, Ref, i);
        g_string_append_printf(hs, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", ref->h);
        g_string_append_printf(seqs, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", ref->seq);
    }
    g_string_append_c(hs, '}');
    g_string_append_c(seqs, '}');
    BaseDbStatement *statement =
        base_db_prepare(self->log->db,
                        "INSERT INTO bus_ref (h, seq) SELECT * FROM unnest(?1::bigint[], "
                        "?2::bigint[]) ON CONFLICT DO NOTHING",
                        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, hs->str);
    base_db_bind_text(statement, 2, seqs->str);
    return base_db_run(statement, NULL, error);
}

static bool write_refs(Sealer *self, GError **error)
{
    g_array_sort(self->refs, compare_refs);
    if (base_db_is_postgresql(self->log->db))
        return write_refs_postgresql(self, error);
    for (guint i = 0; i < self->refs->len; i++) {
        const Ref *ref = &g_array_index(self->refs, Ref, i);
        BaseDbStatement *statement = base_db_prepare(
            self->log->db, "INSERT INTO bus_ref (h, seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            error);
        if (statement == NULL)
            return false;
        base_db_bind_int(statement, 1, ref->h);
        base_db_bind_int(statement, 2, ref->seq);
        if (!base_db_run(statement, NULL, error))
            return false;
    }
    return true;
}

static bool write_name(Sealer *self, int64_t h, const Name *name, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        self->log->db,
        "INSERT INTO bus_name (h, kind, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, h);
    base_db_bind_text(statement, 2, name->kind);
    base_db_bind_text(statement, 3, name->name);
    if (!base_db_run(statement, NULL, error))
        return false;
    statement = base_db_prepare(self->log->db,
                                "INSERT INTO bus_count (h, block, n) VALUES (?1, ?2, ?3)", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, h);
    base_db_bind_int(statement, 2, (int64_t)self->block);
    base_db_bind_int(statement, 3, name->n);
    return base_db_run(statement, NULL, error);
}

static bool write_all(Sealer *self, GError **error)
{
    if (!write_refs(self, error))
        return false;
    GHashTableIter iter;
    gpointer h = NULL;
    gpointer name = NULL;
    g_hash_table_iter_init(&iter, self->names);
    while (g_hash_table_iter_next(&iter, &h, &name)) {
        if (!write_name(self, *(int64_t *)h, name, error))
            return false;
    }
    BaseDbStatement *statement = base_db_prepare(
        self->log->db, "INSERT INTO bus_block (block, min_us, max_us) VALUES (?1, ?2, ?3)", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)self->block);
    base_db_bind_int(statement, 2, self->min_us);
    base_db_bind_int(statement, 3, self->max_us);
    return base_db_run(statement, NULL, error);
}

/* Only what the index holds is read; how many events there were is in @out_n. */
static bool read_events(Sealer *self, unsigned *out_n, GError **error)
{
    uint64_t first = self->block * BUS_BLOCK_EVENTS + 1;
    BaseDbStatement *statement = base_db_prepare(
        self->log->db,
        "SELECT seq, signed FROM bus_event WHERE seq >= ?1 AND seq < ?2 ORDER BY seq", error);
    bool row = true;
    unsigned n = 0;
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)first);
    base_db_bind_int(statement, 2, (int64_t)(first + BUS_BLOCK_EVENTS));
    for (;;) {
        if (!base_db_step(statement, &row, error))
            return false;
        if (!row)
            break;
        const char *text = base_db_column_text(statement, "signed");
        g_autoptr(BusEvent) event = bus_signed_scan(text != NULL ? text : "", error);
        if (event == NULL) {
            base_db_reset(statement);
            return false;
        }
        event->seq = (uint64_t)base_db_column_int(statement, "seq");
        add_event(self, event);
        n++;
    }
    *out_n = n;
    return true;
}

bool bus_block_seal(BusLog *log, uint64_t block, GError **error)
{
    g_autoptr(GArray) refs = g_array_sized_new(FALSE, FALSE, sizeof(Ref), 5 * BUS_BLOCK_EVENTS);
    g_autoptr(GHashTable) names =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_name);
    Sealer sealer = {.log = log,
                     .block = block,
                     .refs = refs,
                     .names = names,
                     .min_us = INT64_MAX,
                     .max_us = INT64_MIN};
    unsigned n = 0;
    if (!read_events(&sealer, &n, error))
        return false;
    if (n != BUS_BLOCK_EVENTS) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "events are missing between %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
                    "; atoll bus verify",
                    block * BUS_BLOCK_EVENTS + 1, (block + 1) * BUS_BLOCK_EVENTS);
        return false;
    }
    return write_all(&sealer, error);
}
