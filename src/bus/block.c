/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The index of a block of 1024 events, written at once when the block is full: which events a
 * name stands in, how many, and the span of their times.
 */
#include "bus/block.h"

#include "bus/log-private.h"
#include "bus/refs.h"
#include "bus/signed.h"

#include <string.h>

/* Names that a writer remembers. */
#define NAMES_MAX 20000
/* Of a transaction that writes index which is missing. */
#define CATCH_UP_BLOCKS 64

typedef struct Name {
    int64_t h;
    const char *kind;
    char *name;
    struct Name *category; /* of a topic; borrowed */
} Name;

struct _BusBlockIndex {
    uint64_t block;
    unsigned n; /* events of the block that are in here: its first ones */
    uint64_t next_seq;
    uint8_t prev[BASE_SHA256_BYTES];
    GArray *refs; /* BusRef */
    /* text → Name (owned), for as long as this writer is alone: objects are too many */
    GHashTable *topics;
    GHashTable *categories;
    GHashTable *actors;
    GPtrArray *fresh; /* names (borrowed) whose rows may not be there */
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
    self->refs = g_array_sized_new(FALSE, FALSE, sizeof(BusRef), 5 * BUS_BLOCK_EVENTS);
    self->topics = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_name);
    self->categories = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_name);
    self->actors = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_name);
    self->fresh = g_ptr_array_new();
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
    g_ptr_array_unref(self->fresh);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusBlockIndex, bus_block_index_free)

static void begin_block(BusBlockIndex *self, uint64_t block)
{
    self->block = block;
    self->n = 0;
    g_array_set_size(self->refs, 0);
    self->min_us = INT64_MAX;
    self->max_us = INT64_MIN;
}

static void forget_names(BusBlockIndex *self)
{
    g_ptr_array_set_size(self->fresh, 0);
    g_hash_table_remove_all(self->topics);
    g_hash_table_remove_all(self->categories);
    g_hash_table_remove_all(self->actors);
}

static unsigned count_names(const BusBlockIndex *self)
{
    return g_hash_table_size(self->topics) + g_hash_table_size(self->categories) +
           g_hash_table_size(self->actors);
}

static Name *find_name(BusBlockIndex *self, BusLog *log, GHashTable *names, const char *kind,
                       const char *text)
{
    Name *name = g_hash_table_lookup(names, text);
    if (name != NULL)
        return name;
    name = g_new0(Name, 1);
    name->h = bus_hash_name(log->sha256, kind, text);
    name->kind = kind;
    name->name = g_strdup(text);
    g_hash_table_insert(names, name->name, name);
    g_ptr_array_add(self->fresh, name);
    return name;
}

static void add_ref(BusBlockIndex *self, uint32_t place, int64_t h)
{
    BusRef ref = {h, place};
    g_array_append_val(self->refs, ref);
}

static void add_event(BusBlockIndex *self, BusLog *log, const BusEvent *event)
{
    uint32_t place = (uint32_t)((event->seq - 1) % BUS_PART_EVENTS);
    Name *topic = find_name(self, log, self->topics, BUS_KIND_TOPIC, event->topic);
    if (topic->category == NULL) {
        g_autofree char *category = bus_topic_category(event->topic);
        topic->category = find_name(self, log, self->categories, BUS_KIND_CATEGORY, category);
    }
    add_ref(self, place, topic->h);
    add_ref(self, place, topic->category->h);
    add_ref(self, place, find_name(self, log, self->actors, BUS_KIND_ACTOR, event->actor)->h);
    for (unsigned i = 0; event->objects[i] != NULL; i++)
        add_ref(self, place, bus_hash_name(log->sha256, BUS_KIND_OBJECT, event->objects[i]));
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
    if (!follows || (place == 0 && count_names(self) > NAMES_MAX))
        forget_names(self);
    if (!follows || place == 0)
        begin_block(self, (event->seq - 1) / BUS_BLOCK_EVENTS);
    if (self->n == place)
        add_event(self, log, event);
    self->next_seq = event->seq + 1;
    memcpy(self->prev, text_hash, sizeof self->prev);
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

static bool write_names(BusBlockIndex *self, BaseDb *db, GError **error)
{
    for (guint i = 0; i < self->fresh->len; i++) {
        if (!write_name(db, self->fresh->pdata[i], error))
            return false;
    }
    g_ptr_array_set_size(self->fresh, 0);
    return true;
}

static bool write_all(BusBlockIndex *self, BaseDb *db, GError **error)
{
    if (!bus_refs_save(db, self->block, self->refs, error) || !write_names(self, db, error))
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

/* The first block without index. */
static bool find_missing(BusLog *log, uint64_t *out_first, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, "SELECT MAX(block) AS last FROM bus_block", error);
    bool row = false;
    if (statement == NULL || !base_db_step(statement, &row, error))
        return false;
    *out_first = row && !base_db_column_is_null(statement, "last")
                     ? (uint64_t)base_db_column_int(statement, "last") + 1
                     : 0;
    base_db_reset(statement);
    return true;
}

/* Up to so many blocks; @out_done when none is left. */
static bool catch_up_some(BusLog *log, bool *out_done, GError **error)
{
    BusHead head;
    uint64_t first = 0;
    if (!bus_head_load(log, BUS_HEAD_LOCK, &head, error) || !find_missing(log, &first, error))
        return false;
    uint64_t end = MIN(head.seq / BUS_BLOCK_EVENTS, first + CATCH_UP_BLOCKS);
    for (uint64_t block = first; block < end; block++) {
        if (!bus_block_seal(log, block, error))
            return false;
    }
    *out_done = end == head.seq / BUS_BLOCK_EVENTS;
    return true;
}

bool bus_block_catch_up(BusLog *log, GError **error)
{
    uint64_t head = 0;
    uint64_t first = 0;
    if (!bus_log_head(log, &head, error) || !find_missing(log, &first, error))
        return false;
    for (bool done = first >= head / BUS_BLOCK_EVENTS; !done;) {
        if (!base_db_begin(log->db, error))
            return false;
        if (!catch_up_some(log, &done, error) || !base_db_commit(log->db, error)) {
            base_db_rollback(log->db);
            g_prefix_error(error, "writing the index of events that have none: ");
            return false;
        }
    }
    return true;
}

bool bus_block_each_name(BusLog *log, const char *kind, BusNameFunc on_name, void *user_data,
                         GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db, "SELECT h, name FROM bus_name WHERE kind = ?1", error);
    bool row = true;
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, kind);
    while (base_db_step(statement, &row, error)) {
        if (!row)
            return true;
        on_name(base_db_column_int(statement, "h"), base_db_column_text(statement, "name"),
                user_data);
    }
    return false;
}
