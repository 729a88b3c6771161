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

/* Rows of one statement; names that a writer remembers to have stored. */
#define REFS_AT_ONCE 64
#define STORED_MAX 20000

typedef struct {
    int64_t h;
    int64_t seq;
} Ref;

typedef struct Name {
    int64_t h;
    const char *kind;
    char *name;
    int64_t n;
    struct Name *category; /* of a topic; borrowed */
} Name;

struct _BusBlockIndex {
    uint64_t block;
    unsigned n; /* events of the block that are in here: its first ones */
    uint64_t next_seq;
    uint8_t prev[BASE_SHA256_BYTES];
    GArray *refs;
    /* text → Name (owned): objects are too many to be counted */
    GHashTable *topics;
    GHashTable *categories;
    GHashTable *actors;
    GHashTable *stored; /* set of int64: names whose rows are there */
    int64_t min_us;
    int64_t max_us;
};

static void free_name(gpointer data)
{
    g_free(((Name *)data)->name);
    g_free(data);
}

static BusBlockIndex *new_index(void)
{
    BusBlockIndex *self = g_new0(BusBlockIndex, 1);
    self->refs = g_array_sized_new(FALSE, FALSE, sizeof(Ref), 5 * BUS_BLOCK_EVENTS);
    self->topics = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_name);
    self->categories = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_name);
    self->actors = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_name);
    self->stored = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return self;
}

void bus_block_index_free(BusBlockIndex *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->refs);
    g_hash_table_unref(self->topics);
    g_hash_table_unref(self->categories);
    g_hash_table_unref(self->actors);
    g_hash_table_unref(self->stored);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusBlockIndex, bus_block_index_free)

static void begin_block(BusBlockIndex *self, uint64_t block)
{
    self->block = block;
    self->n = 0;
    g_array_set_size(self->refs, 0);
    g_hash_table_remove_all(self->topics);
    g_hash_table_remove_all(self->categories);
    g_hash_table_remove_all(self->actors);
    self->min_us = INT64_MAX;
    self->max_us = INT64_MIN;
}

static Name *find_name(BusLog *log, GHashTable *names, const char *kind, const char *text)
{
    Name *name = g_hash_table_lookup(names, text);
    if (name != NULL)
        return name;
    name = g_new0(Name, 1);
    name->h = bus_hash_name(log->sha256, kind, text);
    name->kind = kind;
    name->name = g_strdup(text);
    g_hash_table_insert(names, name->name, name);
    return name;
}

static void add_ref(BusBlockIndex *self, uint64_t seq, int64_t h)
{
    Ref ref = {h, (int64_t)seq};
    g_array_append_val(self->refs, ref);
}

static void add_name(BusBlockIndex *self, uint64_t seq, Name *name)
{
    name->n++;
    add_ref(self, seq, name->h);
}

static void add_event(BusBlockIndex *self, BusLog *log, const BusEvent *event)
{
    Name *topic = find_name(log, self->topics, BUS_KIND_TOPIC, event->topic);
    if (topic->category == NULL) {
        g_autofree char *category = bus_topic_category(event->topic);
        topic->category = find_name(log, self->categories, BUS_KIND_CATEGORY, category);
    }
    add_name(self, event->seq, topic);
    add_name(self, event->seq, topic->category);
    add_name(self, event->seq, find_name(log, self->actors, BUS_KIND_ACTOR, event->actor));
    for (unsigned i = 0; event->objects[i] != NULL; i++)
        add_ref(self, event->seq, bus_hash_name(log->sha256, BUS_KIND_OBJECT, event->objects[i]));
    self->min_us = MIN(self->min_us, event->time_us);
    self->max_us = MAX(self->max_us, event->time_us);
    self->n++;
}

void bus_block_note(BusLog *log, const BusEvent *event,
                    const uint8_t text_hash[static BASE_SHA256_BYTES])
{
    if (log->block == NULL)
        log->block = new_index();
    BusBlockIndex *self = log->block;
    unsigned place = (unsigned)((event->seq - 1) % BUS_BLOCK_EVENTS);
    bool follows =
        self->next_seq == event->seq && memcmp(self->prev, event->prev, sizeof self->prev) == 0;
    if (!follows)
        g_hash_table_remove_all(self->stored);
    if (!follows || place == 0)
        begin_block(self, (event->seq - 1) / BUS_BLOCK_EVENTS);
    if (self->n == place)
        add_event(self, log, event);
    self->next_seq = event->seq + 1;
    memcpy(self->prev, text_hash, sizeof self->prev);
}

static int compare_refs(const void *a, const void *b)
{
    const Ref *left = a;
    const Ref *right = b;
    if (left->h != right->h)
        return left->h < right->h ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

/* An object that an event names twice. */
static void drop_doubles(GArray *refs)
{
    guint n = 0;
    for (guint i = 0; i < refs->len; i++) {
        const Ref *ref = &g_array_index(refs, Ref, i);
        if (n == 0 || compare_refs(&g_array_index(refs, Ref, n - 1), ref) != 0)
            g_array_index(refs, Ref, n++) = *ref;
    }
    g_array_set_size(refs, n);
}

/* PostgreSQL takes arrays: one trip for the whole block. */
static bool write_refs_postgresql(const GArray *refs, BaseDb *db, GError **error)
{
    g_autoptr(GString) hs = g_string_new("{");
    g_autoptr(GString) seqs = g_string_new("{");
    for (guint i = 0; i < refs->len; i++) {
        const Ref *ref = &g_array_index(refs, Ref, i);
        g_string_append_printf(hs, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", ref->h);
        g_string_append_printf(seqs, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", ref->seq);
    }
    g_string_append_c(hs, '}');
    g_string_append_c(seqs, '}');
    BaseDbStatement *statement =
        base_db_prepare(db,
                        "INSERT INTO bus_ref (h, seq) SELECT * FROM unnest(?1::bigint[], "
                        "?2::bigint[]) ON CONFLICT DO NOTHING",
                        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, hs->str);
    base_db_bind_text(statement, 2, seqs->str);
    return base_db_run(statement, NULL, error);
}

static BaseDbStatement *prepare_refs(BaseDb *db, unsigned n, GError **error)
{
    g_autoptr(GString) sql = g_string_new("INSERT INTO bus_ref (h, seq) VALUES ");
    for (unsigned i = 0; i < n; i++)
        g_string_append_printf(sql, "%s(?%u, ?%u)", i > 0 ? ", " : "", 2 * i + 1, 2 * i + 2);
    g_string_append(sql, " ON CONFLICT DO NOTHING");
    return base_db_prepare(db, sql->str, error);
}

static bool write_refs_sqlite(const GArray *refs, BaseDb *db, GError **error)
{
    BaseDbStatement *statement = NULL;
    unsigned at_once = REFS_AT_ONCE;
    for (guint start = 0; start < refs->len; start += at_once) {
        if (start + at_once > refs->len) {
            at_once = 1;
            statement = NULL;
        }
        if (statement == NULL)
            statement = prepare_refs(db, at_once, error);
        if (statement == NULL)
            return false;
        for (unsigned i = 0; i < at_once; i++) {
            const Ref *ref = &g_array_index(refs, Ref, start + i);
            base_db_bind_int(statement, 2 * i + 1, ref->h);
            base_db_bind_int(statement, 2 * i + 2, ref->seq);
        }
        if (!base_db_run(statement, NULL, error))
            return false;
    }
    return true;
}

static bool write_refs(BusBlockIndex *self, BaseDb *db, GError **error)
{
    g_array_sort(self->refs, compare_refs);
    drop_doubles(self->refs);
    return base_db_is_postgresql(db) ? write_refs_postgresql(self->refs, db, error)
                                     : write_refs_sqlite(self->refs, db, error);
}

static bool write_name(BaseDb *db, const Name *name, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db, "INSERT INTO bus_name (h, kind, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, name->h);
    base_db_bind_text(statement, 2, name->kind);
    base_db_bind_text(statement, 3, name->name);
    return base_db_run(statement, NULL, error);
}

static bool write_count(BaseDb *db, uint64_t block, const Name *name, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(db, "INSERT INTO bus_count (h, block, n) VALUES (?1, ?2, ?3)", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, name->h);
    base_db_bind_int(statement, 2, (int64_t)block);
    base_db_bind_int(statement, 3, name->n);
    return base_db_run(statement, NULL, error);
}

static bool write_names(BusBlockIndex *self, BaseDb *db, GHashTable *names, GError **error)
{
    GHashTableIter iter;
    gpointer value = NULL;
    if (g_hash_table_size(self->stored) > STORED_MAX)
        g_hash_table_remove_all(self->stored);
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Name *name = value;
        if (!g_hash_table_contains(self->stored, &name->h)) {
            if (!write_name(db, name, error))
                return false;
            g_hash_table_add(self->stored, g_memdup2(&name->h, sizeof name->h));
        }
        if (!write_count(db, self->block, name, error))
            return false;
    }
    return true;
}

static bool write_all(BusBlockIndex *self, BaseDb *db, GError **error)
{
    if (!write_refs(self, db, error) || !write_names(self, db, self->topics, error) ||
        !write_names(self, db, self->categories, error) ||
        !write_names(self, db, self->actors, error))
        return false;
    BaseDbStatement *statement = base_db_prepare(
        db, "INSERT INTO bus_block (block, min_us, max_us) VALUES (?1, ?2, ?3)", error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)self->block);
    base_db_bind_int(statement, 2, self->min_us);
    base_db_bind_int(statement, 3, self->max_us);
    return base_db_run(statement, NULL, error);
}

/* Only what the index holds is read. */
static bool read_events(BusBlockIndex *self, BusLog *log, GError **error)
{
    uint64_t first = self->block * BUS_BLOCK_EVENTS + 1;
    BaseDbStatement *statement = base_db_prepare(
        log->db, "SELECT seq, signed FROM bus_event WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
        error);
    bool row = true;
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)first);
    base_db_bind_int(statement, 2, (int64_t)(first + BUS_BLOCK_EVENTS));
    for (;;) {
        if (!base_db_step(statement, &row, error))
            return false;
        if (!row)
            return true;
        const char *text = base_db_column_text(statement, "signed");
        g_autoptr(BusEvent) event = bus_signed_scan(text != NULL ? text : "", error);
        if (event == NULL) {
            base_db_reset(statement);
            return false;
        }
        event->seq = (uint64_t)base_db_column_int(statement, "seq");
        add_event(self, log, event);
    }
}

bool bus_block_seal(BusLog *log, uint64_t block, GError **error)
{
    if (log->block != NULL && log->block->block == block && log->block->n == BUS_BLOCK_EVENTS)
        return write_all(log->block, log->db, error);
    g_autoptr(BusBlockIndex) self = new_index();
    begin_block(self, block);
    if (!read_events(self, log, error))
        return false;
    if (self->n != BUS_BLOCK_EVENTS) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "events are missing between %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
                    "; atoll bus verify",
                    block * BUS_BLOCK_EVENTS + 1, (block + 1) * BUS_BLOCK_EVENTS);
        return false;
    }
    return write_all(self, log->db, error);
}
