/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The index as it is stored. That of a block is written when the block is full, into rows of their
 * own behind one another (`bus_fresh`); that of the blocks of a part is put together when the part
 * is full (`bus_ref`). So an append never writes to many places, and a query looks once into each
 * part.
 */
#include "bus/refs.h"

#include <string.h>

#define HEADER_BYTES 11
/* Rows that one trip to a server asks for. */
#define TRIP_ROWS 1024

typedef struct {
    const GArray *keys;
    uint64_t first;
    uint64_t last;
    BusRefsFunc on_entry;
    void *user_data;
} Load;

static uint64_t get_number(const uint8_t *p, unsigned size_bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < size_bytes; i++)
        number = number << 8 | p[i];
    return number;
}

bool bus_refs_next(const uint8_t *bytes, size_t size_bytes, size_t *at, BusRefsEntry *out_entry)
{
    if (size_bytes - *at < HEADER_BYTES)
        return false;
    const uint8_t *p = bytes + *at;
    BusRefsEntry entry = {.h = (int64_t)get_number(p, 8),
                          .block = p[8],
                          .n = (unsigned)get_number(p + 9, 2),
                          .places = p + HEADER_BYTES};
    entry.size_bytes = MIN(2 * (size_t)entry.n, BUS_PLACES_MAX_BYTES);
    if (entry.block >= BUS_PART_BLOCKS || entry.n == 0 || entry.n > BUS_BLOCK_EVENTS ||
        size_bytes - *at - HEADER_BYTES < entry.size_bytes)
        return false;
    *at += HEADER_BYTES + entry.size_bytes;
    *out_entry = entry;
    return true;
}

static int64_t get_row(uint64_t number, int64_t h, unsigned bits)
{
    return (int64_t)(number << bits | (uint64_t)h >> (63 - bits));
}

/* By key, byte for byte from the last one on; those of one key stay in order of their places. There
 * are too many for a sort that compares. */
static void sort_refs(GArray *refs)
{
    g_autofree BusRef *other = g_new(BusRef, refs->len);
    BusRef *from = (BusRef *)(void *)refs->data;
    BusRef *to = other;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        guint starts[257] = {0};
        for (guint i = 0; i < refs->len; i++)
            starts[((uint64_t)from[i].h >> shift & 0xff) + 1]++;
        for (unsigned i = 0; i < 256; i++)
            starts[i + 1] += starts[i];
        for (guint i = 0; i < refs->len; i++)
            to[starts[(uint64_t)from[i].h >> shift & 0xff]++] = from[i];
        BusRef *swapped = from;
        from = to;
        to = swapped;
    }
}

static void clear_row(gpointer data)
{
    g_byte_array_unref(((BusRefsRow *)data)->bytes);
}

/* The entry that begins with the reference at @at. Returns: the place of the next one's. */
static guint print_entry(const GArray *refs, guint at, GByteArray *out)
{
    const BusRef *first = &g_array_index(refs, BusRef, at);
    unsigned block = first->place / BUS_BLOCK_EVENTS;
    uint16_t places[BUS_BLOCK_EVENTS];
    uint8_t bytes[HEADER_BYTES + BUS_PLACES_MAX_BYTES];
    unsigned n = 0;
    for (; at < refs->len; at++) {
        const BusRef *ref = &g_array_index(refs, BusRef, at);
        if (ref->h != first->h || ref->place / BUS_BLOCK_EVENTS != block)
            break;
        /* an event may name an object twice */
        uint16_t place = (uint16_t)(ref->place % BUS_BLOCK_EVENTS);
        if (n == 0 || places[n - 1] < place)
            places[n++] = place;
    }
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)first->h >> (56 - 8 * i));
    bytes[8] = (uint8_t)block;
    bytes[9] = (uint8_t)(n >> 8);
    bytes[10] = (uint8_t)n;
    size_t size_bytes = HEADER_BYTES + bus_places_print(places, n, bytes + HEADER_BYTES);
    g_byte_array_append(out, bytes, (guint)size_bytes);
    return at;
}

static GArray *new_rows(void)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(BusRefsRow));
    g_array_set_clear_func(rows, clear_row);
    return rows;
}

/* The bytes of the row @at, which is the last one or comes after it. */
static GByteArray *get_last_row(GArray *rows, int64_t at)
{
    if (rows->len == 0 || g_array_index(rows, BusRefsRow, rows->len - 1).at != at) {
        BusRefsRow row = {at, g_byte_array_sized_new(4096)};
        g_array_append_val(rows, row);
    }
    return g_array_index(rows, BusRefsRow, rows->len - 1).bytes;
}

GArray *bus_refs_print(GArray *refs, uint64_t number, unsigned bits)
{
    GArray *rows = new_rows();
    sort_refs(refs);
    for (guint i = 0; i < refs->len;) {
        int64_t at = get_row(number, g_array_index(refs, BusRef, i).h, bits);
        i = print_entry(refs, i, get_last_row(rows, at));
    }
    return rows;
}

/* PostgreSQL takes arrays: one trip for all rows. */
static bool insert_arrays(BaseDb *db, const char *table, const GArray *rows, GError **error)
{
    g_autoptr(GString) ats = g_string_new("{");
    g_autoptr(GString) refs = g_string_new("{");
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO %s (at, refs) SELECT * FROM unnest(?1::bigint[], ?2::bytea[])", table);
    for (guint i = 0; i < rows->len; i++) {
        const BusRefsRow *row = &g_array_index(rows, BusRefsRow, i);
        g_autofree char *hex = g_malloc(2 * (size_t)row->bytes->len + 1);
        base_digest_to_hex(row->bytes->data, row->bytes->len, hex);
        g_string_append_printf(ats, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", row->at);
        g_string_append_printf(refs, "%s\"\\\\x%s\"", i > 0 ? "," : "", hex);
    }
    g_string_append_c(ats, '}');
    g_string_append_c(refs, '}');
    BaseDbStatement *statement = base_db_prepare(db, sql, error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, ats->str);
    base_db_bind_text(statement, 2, refs->str);
    return base_db_run(statement, NULL, error);
}

static bool insert_rows(BaseDb *db, const char *table, const GArray *rows, GError **error)
{
    if (base_db_is_postgresql(db))
        return insert_arrays(db, table, rows, error);
    g_autofree char *sql = g_strdup_printf("INSERT INTO %s (at, refs) VALUES (?1, ?2)", table);
    for (guint i = 0; i < rows->len; i++) {
        const BusRefsRow *row = &g_array_index(rows, BusRefsRow, i);
        BaseDbStatement *statement = base_db_prepare(db, sql, error);
        if (statement == NULL)
            return false;
        base_db_bind_int(statement, 1, row->at);
        base_db_bind_kept_blob(statement, 2, row->bytes->data, row->bytes->len);
        if (!base_db_run(statement, NULL, error))
            return false;
    }
    return true;
}

static bool set_broken(uint64_t block, GError **error)
{
    g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                "the index of the events from %" G_GUINT64_FORMAT " on is damaged",
                block * BUS_BLOCK_EVENTS + 1);
    return false;
}

typedef struct {
    GBytes *bytes;
    size_t at; /* behind @entry */
    bool more;
    BusRefsEntry entry;
} Cursor;

/* Of rows of one range of keys, a block each. */
typedef struct {
    unsigned n;
    Cursor cursors[BUS_PART_BLOCKS];
} Merge;

static void clear_merge(Merge *self)
{
    for (unsigned i = 0; i < self->n; i++)
        g_bytes_unref(self->cursors[i].bytes);
    self->n = 0;
}

static bool step(Cursor *self)
{
    size_t size_bytes = 0;
    const uint8_t *bytes = g_bytes_get_data(self->bytes, &size_bytes);
    self->more = bus_refs_next(bytes, size_bytes, &self->at, &self->entry);
    return self->more || self->at == size_bytes;
}

static bool add_cursor(Merge *self, const void *bytes, size_t size_bytes)
{
    if (self->n == BUS_PART_BLOCKS)
        return false;
    self->cursors[self->n] = (Cursor){.bytes = g_bytes_new(bytes, size_bytes)};
    return step(&self->cursors[self->n++]);
}

/* The lowest key of those that are left, and of equal ones the first block. */
static Cursor *find_lowest(Merge *self)
{
    Cursor *lowest = NULL;
    for (unsigned i = 0; i < self->n; i++) {
        Cursor *cursor = &self->cursors[i];
        if (cursor->more && (lowest == NULL || cursor->entry.h < lowest->entry.h))
            lowest = cursor;
    }
    return lowest;
}

/* Entries go over as they are. */
static bool merge(Merge *self, uint64_t part, GArray *rows)
{
    for (Cursor *cursor = find_lowest(self); cursor != NULL; cursor = find_lowest(self)) {
        const BusRefsEntry *entry = &cursor->entry;
        g_byte_array_append(get_last_row(rows, get_row(part, entry->h, BUS_REFS_PART_BITS)),
                            entry->places - HEADER_BYTES,
                            (guint)(HEADER_BYTES + entry->size_bytes));
        if (!step(cursor))
            return false;
    }
    clear_merge(self);
    return true;
}

static void bind_fresh(BaseDbStatement *statement, uint64_t part)
{
    uint64_t first = part * BUS_PART_BLOCKS;
    base_db_bind_int(statement, 1, get_row(first, 0, BUS_REFS_BLOCK_BITS));
    base_db_bind_int(statement, 2, get_row(first + BUS_PART_BLOCKS, 0, BUS_REFS_BLOCK_BITS));
}

G_STATIC_ASSERT(BUS_REFS_BLOCK_BITS == 4); /* in SQL */

static bool merge_all(BaseDbStatement *statement, uint64_t part, Merge *self, GArray *rows,
                      GError **error)
{
    uint64_t range = 0;
    bool row = true;
    while (base_db_step(statement, &row, error)) {
        uint64_t at = row ? (uint64_t)base_db_column_int(statement, "at") : 0;
        size_t size_bytes = 0;
        const void *bytes = row ? base_db_column_blob(statement, "refs", &size_bytes) : NULL;
        bool ok = (row && at % 16 == range) || merge(self, part, rows);
        range = at % 16;
        if (!ok || (row && (bytes == NULL || !add_cursor(self, bytes, size_bytes))))
            return set_broken(part * BUS_PART_BLOCKS, error);
        if (!row)
            return true;
    }
    return false;
}

static GArray *read_fresh(BaseDb *db, uint64_t part, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db, "SELECT at, refs FROM bus_fresh WHERE at >= ?1 AND at < ?2 ORDER BY at % 16, at",
        error);
    if (statement == NULL)
        return NULL;
    bind_fresh(statement, part);
    g_autoptr(GArray) rows = new_rows();
    Merge state = {0};
    bool ok = merge_all(statement, part, &state, rows, error);
    clear_merge(&state);
    base_db_reset(statement);
    return ok ? g_steal_pointer(&rows) : NULL;
}

static bool join_part(BaseDb *db, uint64_t part, GError **error)
{
    g_autoptr(GArray) rows = read_fresh(db, part, error);
    if (rows == NULL || !insert_rows(db, "bus_ref", rows, error))
        return false;
    BaseDbStatement *statement =
        base_db_prepare(db, "DELETE FROM bus_fresh WHERE at >= ?1 AND at < ?2", error);
    if (statement == NULL)
        return false;
    bind_fresh(statement, part);
    return base_db_run(statement, NULL, error);
}

bool bus_refs_save(BaseDb *db, uint64_t block, GArray *refs, GError **error)
{
    g_autoptr(GArray) rows = bus_refs_print(refs, block, BUS_REFS_BLOCK_BITS);
    return insert_rows(db, "bus_fresh", rows, error) &&
           ((block + 1) % BUS_PART_BLOCKS != 0 || join_part(db, block / BUS_PART_BLOCKS, error));
}

/* What the row, of the part that begins with @block, says of one name. */
static bool scan(const Load *self, const uint8_t *bytes, size_t size_bytes, int64_t h,
                 uint64_t block, GError **error)
{
    BusRefsEntry entry;
    size_t at = 0;
    while (bus_refs_next(bytes, size_bytes, &at, &entry)) {
        uint64_t whose = block + entry.block;
        if (entry.h > h)
            return true;
        if (entry.h == h && whose >= self->first && whose <= self->last &&
            !self->on_entry(&entry, whose, self->user_data))
            return set_broken(whose, error);
    }
    return at == size_bytes || set_broken(block, error);
}

/* @sql: of one row */
static bool load_row(const Load *self, BaseDb *db, const char *sql, int64_t at, int64_t h,
                     uint64_t part, bool *out_found, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(db, sql, error);
    size_t size_bytes = 0;
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, at);
    if (!base_db_step(statement, out_found, error))
        return false;
    if (!*out_found)
        return true;
    const uint8_t *bytes = base_db_column_blob(statement, "refs", &size_bytes);
    bool ok = bytes != NULL ? scan(self, bytes, size_bytes, h, part * BUS_PART_BLOCKS, error)
                            : set_broken(part * BUS_PART_BLOCKS, error);
    base_db_reset(statement);
    return ok;
}

/* A part is in one table or in the other. */
static bool load_part(const Load *self, BaseDb *db, uint64_t part, int64_t h, GError **error)
{
    bool found = false;
    if (!load_row(self, db, "SELECT refs FROM bus_ref WHERE at = ?1",
                  get_row(part, h, BUS_REFS_PART_BITS), h, part, &found, error))
        return false;
    uint64_t block = MAX(self->first, part * BUS_PART_BLOCKS);
    uint64_t last = MIN(self->last, part * BUS_PART_BLOCKS + BUS_PART_BLOCKS - 1);
    for (bool of_block = false; !found && block <= last; block++) {
        if (!load_row(self, db, "SELECT refs FROM bus_fresh WHERE at = ?1",
                      get_row(block, h, BUS_REFS_BLOCK_BITS), h, part, &of_block, error))
            return false;
    }
    return true;
}

static void add_number(GString *array, int64_t number)
{
    g_string_append_printf(array, "%s%" G_GINT64_FORMAT, array->len > 1 ? "," : "", number);
}

/* @at: of a row with @bits; what it says of all names that it may have */
static bool scan_row(const Load *self, BaseDbStatement *statement, unsigned bits, GError **error)
{
    uint64_t at = (uint64_t)base_db_column_int(statement, "at");
    uint64_t number = at >> bits;
    uint64_t part = bits == BUS_REFS_PART_BITS ? number : number / BUS_PART_BLOCKS;
    size_t size_bytes = 0;
    const uint8_t *bytes = base_db_column_blob(statement, "refs", &size_bytes);
    if (bytes == NULL)
        return set_broken(part * BUS_PART_BLOCKS, error);
    for (guint i = 0; i < self->keys->len; i++) {
        int64_t h = g_array_index(self->keys, int64_t, i);
        if ((uint64_t)get_row(number, h, bits) == at &&
            !scan(self, bytes, size_bytes, h, part * BUS_PART_BLOCKS, error))
            return false;
    }
    return true;
}

/* All of several parts in one trip; only the last one of a log may have rows for each block. */
static bool load_trip(const Load *self, BaseDb *db, uint64_t first_part, uint64_t last_part,
                      GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db,
        "SELECT 0 AS fresh, at, refs FROM bus_ref WHERE at = ANY(?1::bigint[]) UNION ALL "
        "SELECT 1 AS fresh, at, refs FROM bus_fresh WHERE at = ANY(?2::bigint[]) "
        "ORDER BY fresh, at",
        error);
    g_autoptr(GString) joined = g_string_new("{");
    g_autoptr(GString) fresh = g_string_new("{");
    bool row = true;
    if (statement == NULL)
        return false;
    for (guint i = 0; i < self->keys->len; i++) {
        int64_t h = g_array_index(self->keys, int64_t, i);
        for (uint64_t part = first_part; part <= last_part; part++)
            add_number(joined, get_row(part, h, BUS_REFS_PART_BITS));
        for (uint64_t block = 0; block < BUS_PART_BLOCKS; block++)
            add_number(fresh, get_row(last_part * BUS_PART_BLOCKS + block, h, BUS_REFS_BLOCK_BITS));
    }
    g_string_append_c(joined, '}');
    g_string_append_c(fresh, '}');
    base_db_bind_text(statement, 1, joined->str);
    base_db_bind_text(statement, 2, fresh->str);
    while (base_db_step(statement, &row, error)) {
        if (!row)
            return true;
        bool is_fresh = base_db_column_int(statement, "fresh") != 0;
        if (!scan_row(self, statement, is_fresh ? BUS_REFS_BLOCK_BITS : BUS_REFS_PART_BITS,
                      error)) {
            base_db_reset(statement);
            return false;
        }
    }
    return false;
}

bool bus_refs_load(BaseDb *db, const GArray *keys, uint64_t first, uint64_t last,
                   BusRefsFunc on_entry, void *user_data, GError **error)
{
    Load load = {keys, first, last, on_entry, user_data};
    uint64_t end = last / BUS_PART_BLOCKS;
    uint64_t step = MAX(1, TRIP_ROWS / MAX(1, keys->len));
    for (uint64_t part = first / BUS_PART_BLOCKS; keys->len > 0 && part <= end;) {
        if (base_db_is_postgresql(db)) {
            if (!load_trip(&load, db, part, MIN(end, part + step - 1), error))
                return false;
            part += step;
            continue;
        }
        for (guint i = 0; i < keys->len; i++) {
            if (!load_part(&load, db, part, g_array_index(keys, int64_t, i), error))
                return false;
        }
        part++;
    }
    return true;
}
