/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Union and intersection of index rows, each value's read a few at a time in the order of the
 * answer: a page costs its own length, whatever the log's.
 */
#include "bus/stream.h"

#include "bus/block.h"
#include "bus/log-private.h"

#include <string.h>

#define CHUNK_FIRST 32
/* of a value of which most is jumped over, where a query costs no trip to a server */
#define CHUNK_SPARSE 2
#define CHUNK_MAX 512
#define SPARSE 4
#define CHUNK_MAX_HURRY 8192
/* With more values than this a filter is left to whoever reads the events. */
#define VALUES_MAX 512
#define FILTERS_MAX 6

typedef struct {
    int64_t key;
    bool loaded;
    bool at_end; /* nothing past what is in the chunk */
    unsigned n;
    unsigned at;
    unsigned used; /* how often the chunk was asked */
    unsigned size; /* of the next chunk */
    int64_t *seqs;
} Value;

typedef struct {
    const char *kind;
    GArray *values;
} Filter;

struct _BusStream {
    BusLog *log; /* borrowed */
    bool descending;
    bool exact;
    unsigned chunk_max;
    uint64_t low;
    uint64_t high;
    uint64_t bound; /* the next number that may be answered; 0: none */
    unsigned n_filters;
    Filter filters[FILTERS_MAX];
};

static void clear_value(gpointer data)
{
    g_free(((Value *)data)->seqs);
}

static void add_key(GArray *values, int64_t key)
{
    for (guint i = 0; i < values->len; i++) {
        if (g_array_index(values, Value, i).key == key)
            return;
    }
    Value value = {.key = key, .size = CHUNK_FIRST};
    g_array_append_val(values, value);
}

static bool add_glob(BusStream *self, GArray *values, const char *kind, const char *pattern,
                     GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(self->log->db, "SELECT h, name FROM bus_name WHERE kind = ?1", error);
    bool row = true;
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, kind);
    while (base_db_step(statement, &row, error)) {
        if (!row)
            return true;
        if (values->len <= VALUES_MAX &&
            bus_topic_matches(pattern, base_db_column_text(statement, "name")))
            add_key(values, base_db_column_int(statement, "h"));
    }
    return false;
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
            if (!add_glob(self, filter->values, kind, any[i], error))
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
    self->chunk_max = CHUNK_MAX;
    self->low = low;
    self->high = high;
    self->bound = low > high ? 0 : self->descending ? high : low;
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

void bus_stream_hurry(BusStream *self)
{
    self->chunk_max = CHUNK_MAX_HURRY;
}

bool bus_stream_is_exact(const BusStream *self)
{
    return self->exact;
}

bool bus_stream_only_object(const BusStream *self, int64_t *out_key)
{
    if (!self->exact || self->n_filters != 1 || self->filters[0].values->len != 1 ||
        strcmp(self->filters[0].kind, BUS_KIND_OBJECT) != 0)
        return false;
    *out_key = g_array_index(self->filters[0].values, Value, 0).key;
    return true;
}

static bool load(BusStream *self, Value *value, uint64_t bound, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        self->log->db,
        self->descending
            ? "SELECT seq FROM bus_ref WHERE h = ?1 AND seq <= ?2 AND seq >= ?3 ORDER BY seq DESC "
              "LIMIT ?4"
            : "SELECT seq FROM bus_ref WHERE h = ?1 AND seq >= ?2 AND seq <= ?3 ORDER BY seq "
              "LIMIT ?4",
        error);
    bool row = true;
    if (statement == NULL)
        return false;
    if (value->loaded && value->used * SPARSE < value->n && !base_db_is_postgresql(self->log->db))
        value->size = CHUNK_SPARSE;
    base_db_bind_int(statement, 1, value->key);
    base_db_bind_int(statement, 2, (int64_t)bound);
    base_db_bind_int(statement, 3, (int64_t)(self->descending ? self->low : self->high));
    base_db_bind_int(statement, 4, value->size);
    value->seqs = g_renew(int64_t, value->seqs, value->size);
    value->n = 0;
    value->at = 0;
    value->used = 0;
    while (base_db_step(statement, &row, error)) {
        if (!row) {
            value->loaded = true;
            value->at_end = value->n < value->size;
            value->size = MIN(2 * value->size, self->chunk_max);
            return true;
        }
        if (value->n < value->size)
            value->seqs[value->n++] = base_db_column_int(statement, "seq");
    }
    return false;
}

static bool is_past(const BusStream *self, uint64_t seq, uint64_t bound)
{
    return self->descending ? seq <= bound : seq >= bound;
}

/* The first number of @value at @bound or past it; 0 when there is none. */
static bool seek_value(BusStream *self, Value *value, uint64_t bound, uint64_t *out_seq,
                       GError **error)
{
    for (;;) {
        while (value->at < value->n && !is_past(self, (uint64_t)value->seqs[value->at], bound))
            value->at++;
        if (value->at < value->n || (value->loaded && value->at_end)) {
            value->used++;
            *out_seq = value->at < value->n ? (uint64_t)value->seqs[value->at] : 0;
            return true;
        }
        if (!load(self, value, bound, error))
            return false;
    }
}

static bool seek_filter(BusStream *self, Filter *filter, uint64_t bound, uint64_t *out_seq,
                        GError **error)
{
    uint64_t best = 0;
    for (guint i = 0; i < filter->values->len; i++) {
        uint64_t seq = 0;
        if (!seek_value(self, &g_array_index(filter->values, Value, i), bound, &seq, error))
            return false;
        if (seq != 0 && (best == 0 || is_past(self, best, seq)))
            best = seq;
    }
    *out_seq = best;
    return true;
}

static uint64_t step_past(const BusStream *self, uint64_t seq)
{
    if (self->descending)
        return seq > self->low ? seq - 1 : 0;
    return seq < self->high ? seq + 1 : 0;
}

bool bus_stream_next(BusStream *self, uint64_t *out_seq, GError **error)
{
    uint64_t candidate = self->bound;
    unsigned agreed = 0;
    for (unsigned i = 0; candidate != 0 && agreed < self->n_filters;
         i = (i + 1) % self->n_filters) {
        uint64_t seq = 0;
        if (!seek_filter(self, &self->filters[i], candidate, &seq, error))
            return false;
        agreed = seq == candidate ? agreed + 1 : 1;
        candidate = seq;
    }
    self->bound = candidate != 0 ? step_past(self, candidate) : 0;
    *out_seq = candidate;
    return true;
}
