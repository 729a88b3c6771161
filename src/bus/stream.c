/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Union and intersection of index rows, block by block in the order of the answer: a page costs
 * its own length, and a look into each part of the index that it passes.
 */
#include "bus/stream.h"

#include "bus/block.h"
#include "bus/log-private.h"
#include "bus/refs.h"

#include <string.h>

/* Parts of the index that one trip to a server brings, to begin with and at most; rows, at most. */
#define TRIP_FIRST 2
#define TRIP_MAX 128
#define TRIP_ROWS_MAX 65536
/* With more values than this a filter is left to whoever reads the events. */
#define VALUES_MAX 512
#define FILTERS_MAX 6

typedef struct {
    uint64_t block;
    BusPlaces places;
} Row;

typedef struct {
    int64_t key;
    GArray *rows; /* of what is loaded, by block; NULL until there was something */
    guint at;     /* the first row, in the order of the answer, that is not passed yet */
} Value;

typedef struct {
    const char *kind;
    GArray *values;
} Filter;

struct _BusStream {
    BusLog *log; /* borrowed */
    bool descending;
    bool exact;
    uint64_t low;
    uint64_t high;
    bool more;           /* blocks that were not looked at */
    uint64_t next_block; /* the next one of them */
    /* parts that are loaded, in the order of the answer; of the next load */
    bool loaded;
    uint64_t first_part;
    uint64_t last_part;
    unsigned trip;
    uint64_t block; /* what @places is of */
    BusPlaces places;
    unsigned n_filters;
    Filter filters[FILTERS_MAX];
};

static void clear_value(gpointer data)
{
    g_clear_pointer(&((Value *)data)->rows, g_array_unref);
}

static void add_key(GArray *values, int64_t key)
{
    for (guint i = 0; i < values->len; i++) {
        if (g_array_index(values, Value, i).key == key)
            return;
    }
    Value value = {.key = key};
    g_array_append_val(values, value);
}

typedef struct {
    GArray *values;
    const char *pattern;
} Glob;

static void add_match(int64_t h, const char *name, void *user_data)
{
    const Glob *self = user_data;
    if (self->values->len <= VALUES_MAX && bus_topic_matches(self->pattern, name))
        add_key(self->values, h);
}

/* @prefixes: what a value may have before it to be the name ("user:"), "" for nothing */
static bool add_filter(BusStream *self, const char *kind, char **any, const char *const *prefixes,
                       GError **error)
{
    if (any == NULL || any[0] == NULL)
        return true;
    Filter *filter = &self->filters[self->n_filters];
    filter->kind = kind;
    filter->values = g_array_new(FALSE, TRUE, sizeof(Value));
    g_array_set_clear_func(filter->values, clear_value);
    self->n_filters++;
    for (unsigned i = 0; any[i] != NULL; i++) {
        if (strcmp(kind, BUS_KIND_TOPIC) == 0 && strchr(any[i], '*') != NULL) {
            Glob glob = {filter->values, any[i]};
            if (!bus_block_each_name(self->log, kind, add_match, &glob, error))
                return false;
            continue;
        }
        for (unsigned p = 0; prefixes[p] != NULL; p++) {
            g_autofree char *name = g_strconcat(prefixes[p], any[i], NULL);
            add_key(filter->values, bus_hash_name(self->log->sha256, kind, name));
        }
    }
    if (filter->values->len > VALUES_MAX) {
        g_array_unref(g_steal_pointer(&filter->values));
        self->n_filters--;
        self->exact = false;
    }
    return true;
}

BusStream *bus_stream_new(BusLog *log, const BusQuery *query, uint64_t low, uint64_t high,
                          GError **error)
{
    static const char *const plain[] = {"", NULL};
    static const char *const users[] = {"user:", NULL};
    static const char *const packages[] = {"rpm:", "deb:", "package:", NULL};
    g_autoptr(BusStream) self = g_new0(BusStream, 1);
    self->log = log;
    self->descending = query->order == BUS_ORDER_DESC;
    self->exact = true;
    self->trip = TRIP_FIRST;
    self->low = low;
    self->high = high;
    self->more = low <= high;
    if (self->more)
        self->next_block = ((self->descending ? high : low) - 1) / BUS_BLOCK_EVENTS;
    if (!add_filter(self, BUS_KIND_TOPIC, query->topics.any, plain, error) ||
        !add_filter(self, BUS_KIND_CATEGORY, query->categories.any, plain, error) ||
        !add_filter(self, BUS_KIND_ACTOR, query->actors.any, plain, error) ||
        !add_filter(self, BUS_KIND_OBJECT, query->objects.any, plain, error) ||
        !add_filter(self, BUS_KIND_OBJECT, query->users.any, users, error) ||
        !add_filter(self, BUS_KIND_OBJECT, query->packages.any, packages, error))
        return NULL;
    return g_steal_pointer(&self);
}

void bus_stream_free(BusStream *self)
{
    if (self == NULL)
        return;
    for (unsigned i = 0; i < self->n_filters; i++)
        g_clear_pointer(&self->filters[i].values, g_array_unref);
    g_free(self);
}

void bus_stream_pass_block(BusStream *self)
{
    memset(&self->places, 0, sizeof self->places);
}

bool bus_stream_is_exact(const BusStream *self)
{
    return self->exact;
}

bool bus_stream_only_name(const BusStream *self, int64_t *out_key)
{
    if (!self->exact || self->n_filters != 1 || self->filters[0].values->len != 1)
        return false;
    *out_key = g_array_index(self->filters[0].values, Value, 0).key;
    return true;
}

typedef struct {
    BusStream *stream;
    unsigned filter; /* all of them, when it is none */
} Target;

/* Several filters may have one value. */
static bool add_row(const BusRefsEntry *entry, uint64_t block, void *user_data)
{
    Target *self = user_data;
    Row row = {.block = block};
    if (!bus_places_add(&row.places, entry->places, entry->size_bytes))
        return false;
    for (unsigned f = 0; f < self->stream->n_filters; f++) {
        GArray *values = self->stream->filters[f].values;
        for (guint i = 0; i < values->len && (self->filter == f || self->filter == FILTERS_MAX);
             i++) {
            Value *value = &g_array_index(values, Value, i);
            if (value->key == entry->h)
                g_array_append_val(value->rows, row);
        }
    }
    return true;
}

static void add_keys_of(const BusStream *self, unsigned filter, GArray *keys)
{
    const GArray *values = self->filters[filter].values;
    for (guint i = 0; i < values->len; i++) {
        int64_t key = g_array_index(values, Value, i).key;
        bool known = false;
        for (guint k = 0; k < keys->len && !known; k++)
            known = g_array_index(keys, int64_t, k) == key;
        if (!known)
            g_array_append_val(keys, key);
    }
}

/* What @target wants of the parts that are to be loaded. */
static bool load_keys(BusStream *self, Target *target, const GArray *keys, GError **error)
{
    uint64_t first = MIN(self->first_part, self->last_part) * BUS_PART_BLOCKS;
    uint64_t last = MAX(self->first_part, self->last_part) * BUS_PART_BLOCKS + BUS_PART_BLOCKS - 1;
    return bus_refs_load(self->log->db, keys, MAX(first, (self->low - 1) / BUS_BLOCK_EVENTS),
                         MIN(last, (self->high - 1) / BUS_BLOCK_EVENTS), add_row, target, error);
}

/* One part, of which no more is read when a filter has nothing in it. */
static bool load_part(BusStream *self, GError **error)
{
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool any = true;
    for (unsigned f = 0; f < self->n_filters && any; f++) {
        Target target = {self, f};
        g_array_set_size(keys, 0);
        add_keys_of(self, f, keys);
        if (!load_keys(self, &target, keys, error))
            return false;
        any = false;
        for (guint i = 0; i < self->filters[f].values->len && !any; i++)
            any = g_array_index(self->filters[f].values, Value, i).rows->len > 0;
    }
    return true;
}

static bool load_trip(BusStream *self, GError **error)
{
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(int64_t));
    Target target = {self, FILTERS_MAX};
    for (unsigned f = 0; f < self->n_filters; f++)
        add_keys_of(self, f, keys);
    return load_keys(self, &target, keys, error);
}

static unsigned count_values(const BusStream *self)
{
    unsigned n = 0;
    for (unsigned f = 0; f < self->n_filters; f++)
        n += self->filters[f].values->len;
    return n;
}

/* Loads from the part of @next_block on. */
static bool load(BusStream *self, GError **error)
{
    uint64_t end = ((self->descending ? self->low : self->high) - 1) / BUS_BLOCK_EVENTS;
    end /= BUS_PART_BLOCKS;
    bool trips = base_db_is_postgresql(self->log->db);
    uint64_t further = trips ? self->trip - 1 : 0;
    self->first_part = self->next_block / BUS_PART_BLOCKS;
    if (self->descending)
        self->last_part = self->first_part - MIN(further, self->first_part - end);
    else
        self->last_part = self->first_part + MIN(further, end - self->first_part);
    for (unsigned f = 0; f < self->n_filters; f++) {
        for (guint i = 0; i < self->filters[f].values->len; i++) {
            Value *value = &g_array_index(self->filters[f].values, Value, i);
            if (value->rows == NULL)
                value->rows = g_array_new(FALSE, FALSE, sizeof(Row));
            g_array_set_size(value->rows, 0);
            value->at = 0;
        }
    }
    self->loaded = trips ? load_trip(self, error) : load_part(self, error);
    unsigned rows = BUS_PART_BLOCKS * MAX(1, count_values(self));
    self->trip = MIN(4 * self->trip, CLAMP(TRIP_ROWS_MAX / rows, 1, TRIP_MAX));
    return self->loaded;
}

static bool is_loaded(const BusStream *self, uint64_t block)
{
    uint64_t part = block / BUS_PART_BLOCKS;
    return self->loaded && part >= MIN(self->first_part, self->last_part) &&
           part <= MAX(self->first_part, self->last_part);
}

/* The row of @block, if there is one; blocks are asked for in the order of the answer. */
static const Row *find_row(const BusStream *self, Value *value, uint64_t block)
{
    guint n = value->rows->len;
    for (; value->at < n; value->at++) {
        const Row *row =
            &g_array_index(value->rows, Row, self->descending ? n - 1 - value->at : value->at);
        if (row->block == block)
            return row;
        if (self->descending ? row->block < block : row->block > block)
            return NULL;
    }
    return NULL;
}

static void mask(BusPlaces *self, uint64_t block, uint64_t low, uint64_t high)
{
    uint64_t first = block * BUS_BLOCK_EVENTS + 1;
    for (unsigned i = 0; i < BUS_BLOCK_EVENTS && first + i < low; i++)
        self->bits[i / 64] &= ~(UINT64_C(1) << i % 64);
    for (unsigned i = BUS_BLOCK_EVENTS; i-- > 0 && first + i > high;)
        self->bits[i / 64] &= ~(UINT64_C(1) << i % 64);
}

/* What all filters let through of @block. */
static void join_block(BusStream *self, uint64_t block)
{
    bool any = true;
    self->block = block;
    memset(&self->places, 0xff, sizeof self->places);
    for (unsigned f = 0; f < self->n_filters && any; f++) {
        BusPlaces of_filter = {0};
        for (guint i = 0; i < self->filters[f].values->len; i++) {
            Value *value = &g_array_index(self->filters[f].values, Value, i);
            const Row *row = find_row(self, value, block);
            for (unsigned w = 0; row != NULL && w < BUS_PLACES_WORDS; w++)
                of_filter.bits[w] |= row->places.bits[w];
        }
        any = bus_places_keep(&self->places, &of_filter);
    }
    if (any)
        mask(&self->places, block, self->low, self->high);
}

static void step_block(BusStream *self)
{
    uint64_t end = ((self->descending ? self->low : self->high) - 1) / BUS_BLOCK_EVENTS;
    self->more = self->next_block != end;
    if (self->more && self->descending)
        self->next_block--;
    else if (self->more)
        self->next_block++;
}

static bool take_block(BusStream *self, GError **error)
{
    if (self->n_filters > 0 && !is_loaded(self, self->next_block) && !load(self, error))
        return false;
    join_block(self, self->next_block);
    step_block(self);
    return true;
}

bool bus_stream_next_block(BusStream *self, uint64_t *out_block, unsigned *out_n, GError **error)
{
    unsigned n = 0;
    while (n == 0 && self->more) {
        if (!take_block(self, error))
            return false;
        n = bus_places_count(&self->places);
    }
    *out_block = self->block;
    *out_n = n;
    return true;
}

bool bus_stream_next(BusStream *self, uint64_t *out_seq, GError **error)
{
    for (;;) {
        int place = self->descending ? bus_places_pop_last(&self->places)
                                     : bus_places_pop_first(&self->places);
        if (place >= 0) {
            *out_seq = self->block * BUS_BLOCK_EVENTS + (uint64_t)place + 1;
            return true;
        }
        if (!self->more) {
            *out_seq = 0;
            return true;
        }
        if (!take_block(self, error))
            return false;
    }
}
