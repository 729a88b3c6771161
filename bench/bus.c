/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The event log's own part of the bench: bench-bus MODE URL STATE NUMBER [BATCH [THREADS]]
 *   append  NUMBER signed, durable events, BATCH a transaction, after some that do not count
 *   group   the same from THREADS publishers that share their commits; each waits for its own
 *   fsync   NUMBER small appends to a file in STATE, each with fdatasync
 *   fill    NUMBER events that look like real ones, without signatures and not durable
 *   query   NUMBER queries of each kind, by what fill wrote
 * Prints one JSON object. bench-bus copy TABLE - NUMBER prints what fill would have left in one
 * table as lines for PostgreSQL's COPY.
 */
#include "bus/group.h"
#include "bus/log-private.h"
#include "bus/query.h"
#include "bus/refs.h"
#include "bus/signed.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOPICS 60
#define WARM_EVENTS 40000
#define ACTORS 500
#define OBJECTS 200000
#define FILL_START_US (INT64_C(1600000000) * G_USEC_PER_SEC)
#define FILL_STEP_US (10 * G_USEC_PER_SEC)

typedef struct {
    char topic[80];
    char actor[40];
    char package[40];
    char user[40];
    const char *objects[3];
} Sample;

/* Some topics are common and some rare, as on a real bus. */
static void make_sample(Sample *self, uint64_t i)
{
    uint64_t h = i * UINT64_C(0x9e3779b97f4a7c15) >> 16;
    unsigned topic = (unsigned)(h % TOPICS * (h / 64 % TOPICS) / TOPICS);
    g_snprintf(self->topic, sizeof self->topic, "org.atoll.prod.cat%u.thing.verb%u", topic % 8,
               topic);
    g_snprintf(self->actor, sizeof self->actor, "service:s%u", (unsigned)(h / 7 % ACTORS));
    g_snprintf(self->package, sizeof self->package, "deb:p%u", (unsigned)(h / 11 % OBJECTS));
    g_snprintf(self->user, sizeof self->user, "user:u%u", (unsigned)(h / 13 % 1000));
    self->objects[0] = self->package;
    self->objects[1] = self->user;
    self->objects[2] = NULL;
}

static double now(void)
{
    return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

/* What this process itself was given; on a machine that others use too it is the figure to read. */
static double cpu_now(void)
{
    struct timespec spent;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

#define BODY                                                                                       \
    "{\"build\":%" G_GUINT64_FORMAT ",\"name\":\"linux-image-6.1.0-18-amd64\",\"state\":"          \
    "\"complete\",\"version\":\"6.1.76-1\"}"
#define BODY_MAX_BYTES 128

typedef struct {
    unsigned n;
    Sample *samples;
    BusDraft *drafts;
    char (*bodies)[BODY_MAX_BYTES];
} Drafts;

static void init_drafts(Drafts *self, unsigned n)
{
    self->n = n;
    self->samples = g_new0(Sample, n);
    self->drafts = g_new0(BusDraft, n);
    self->bodies = g_malloc_n(n, BODY_MAX_BYTES);
}

static void clear_drafts(Drafts *self)
{
    g_free(self->samples);
    g_free(self->drafts);
    g_free(self->bodies);
}

static void make_drafts(Drafts *self, uint64_t first)
{
    for (unsigned i = 0; i < self->n; i++) {
        make_sample(&self->samples[i], first + i);
        g_snprintf(self->bodies[i], BODY_MAX_BYTES, BODY, first + i);
        self->drafts[i] = (BusDraft){.topic = self->samples[i].topic,
                                     .actor = self->samples[i].actor,
                                     .objects = self->samples[i].objects,
                                     .body_text = self->bodies[i]};
    }
}

static bool append_batches(BusLog *log, uint64_t n, unsigned batch, GError **error)
{
    Drafts drafts;
    init_drafts(&drafts, batch);
    bool ok = true;
    for (uint64_t done = 0; ok && done < n; done += batch) {
        make_drafts(&drafts, done);
        ok = base_db_begin(log->db, error) && bus_append(log, drafts.drafts, batch, NULL, error) &&
             base_db_commit(log->db, error);
    }
    clear_drafts(&drafts);
    return ok;
}

/* A writer that has run for a while: its write-ahead log was full once, and does not grow. */
static bool warm_up(BusLog *log, GError **error)
{
    return append_batches(log, WARM_EVENTS, 100, error);
}

static void print_rate(uint64_t n, double seconds, double cpu_s)
{
    printf("{\"per_second\": %.1f, \"cpu_us\": %.1f}\n", (double)n / seconds,
           cpu_s * 1e6 / (double)n);
}

static bool append(BusLog *log, uint64_t n, unsigned batch, GError **error)
{
    if (!warm_up(log, error))
        return false;
    double start = now();
    double spent = cpu_now();
    bool ok = append_batches(log, n, batch, error);
    print_rate(n, now() - start, cpu_now() - spent);
    return ok;
}

typedef struct {
    BusGroup *group;
    const char *url;
    const char *state_dir;
    pthread_barrier_t *ready;
    uint64_t first;
    uint64_t n;
    unsigned batch;
    GError *error;
} Publisher;

static void *publish(void *data)
{
    Publisher *self = data;
    g_autoptr(BaseDb) db = base_db_open(self->url, &self->error);
    g_autoptr(BusLog) log = db != NULL ? bus_log_open(db, self->state_dir, &self->error) : NULL;
    Drafts drafts;
    init_drafts(&drafts, self->batch);
    bool ok = log != NULL;
    (void)pthread_barrier_wait(self->ready);
    for (uint64_t done = 0; ok && done < self->n; done += self->batch) {
        make_drafts(&drafts, self->first + done);
        ok = bus_group_publish(self->group, log, drafts.drafts, self->batch, NULL, &self->error);
    }
    clear_drafts(&drafts);
    return NULL;
}

static bool group(BusLog *log, const char *url, const char *state_dir, uint64_t n, unsigned batch,
                  unsigned n_threads, GError **error)
{
    g_autoptr(BusGroup) group = bus_group_new(log);
    g_autofree Publisher *publishers = g_new0(Publisher, n_threads);
    g_autofree GThread **threads = g_new0(GThread *, n_threads);
    pthread_barrier_t ready;
    if (!warm_up(log, error) || pthread_barrier_init(&ready, NULL, n_threads + 1) != 0)
        return false;
    bool ok = true;
    for (unsigned i = 0; i < n_threads; i++) {
        publishers[i] = (Publisher){group,         url,   state_dir, &ready, n / n_threads * i,
                                    n / n_threads, batch, NULL};
        threads[i] = g_thread_new("publisher", publish, &publishers[i]);
    }
    (void)pthread_barrier_wait(&ready);
    double start = now();
    double spent = cpu_now();
    for (unsigned i = 0; i < n_threads; i++) {
        (void)g_thread_join(threads[i]);
        if (publishers[i].error != NULL && ok)
            g_propagate_error(error, g_steal_pointer(&publishers[i].error));
        ok = ok && (error == NULL || *error == NULL);
    }
    print_rate(n, now() - start, cpu_now() - spent);
    (void)pthread_barrier_destroy(&ready);
    return ok;
}

static bool measure_fsync(const char *dir, uint64_t n)
{
    g_autofree char *path = g_build_filename(dir, "fsync.tmp", NULL);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    char block[512] = {0};
    double start = now();
    for (uint64_t i = 0; i < n; i++) {
        if (write(fd, block, sizeof block) != sizeof block || fdatasync(fd) != 0)
            return false;
    }
    printf("{\"per_second\": %.1f}\n", (double)n / (now() - start));
    (void)close(fd);
    return unlink(path) == 0;
}

static BusEvent *make_event(uint64_t i, const uint8_t prev[static BASE_SHA256_BYTES])
{
    Sample sample;
    make_sample(&sample, i);
    BusEvent *event = g_new0(BusEvent, 1);
    event->seq = i + 1;
    event->time_us = event->logged_us = FILL_START_US + (int64_t)i * FILL_STEP_US;
    event->topic = g_strdup(sample.topic);
    event->actor = g_strdup(sample.actor);
    event->key = g_strdup("0123456789abcdef");
    event->id = g_strdup_printf("%08x-%04x-7000-8000-%012x", (unsigned)(i >> 16),
                                (unsigned)(i & 0xffff), (unsigned)i);
    event->objects = g_strdupv((char **)sample.objects);
    event->severity = BUS_SEVERITY_INFO;
    event->body = g_strdup_printf(BODY, i);
    memcpy(event->prev, prev, sizeof event->prev);
    event->signature.size_bytes = BASE_ED25519_SIGNATURE_BYTES;
    event->signed_text = bus_signed_print(event);
    return event;
}

static bool fill_one(BusLog *log, BusHead *head, uint64_t i, GError **error)
{
    g_autoptr(BusEvent) event = make_event(i, head->prev);
    head->seq++;
    if (!bus_row_insert(log, event, error))
        return false;
    return head->seq % BUS_BLOCK_EVENTS != 0 ||
           bus_block_seal(log, head->seq / BUS_BLOCK_EVENTS - 1, error);
}

/* A log that was begun as one is, so that it can be appended to. */
static bool load_begun(BusLog *log, BusHead *head, GError **error)
{
    BusDraft draft = {.topic = "org.atoll.prod.log.bench.begun", .actor = "service:bench"};
    return bus_head_load(log, BUS_HEAD_READ, head, error) &&
           (head->seq > 0 || (bus_publish(log, &draft, NULL, error) &&
                              bus_head_load(log, BUS_HEAD_READ, head, error)));
}

static bool fill(BusLog *log, uint64_t n, GError **error)
{
    double start = now();
    BusHead head;
    if (!base_db_exec(log->db, "PRAGMA synchronous=OFF", error) || !load_begun(log, &head, error))
        return false;
    while (head.seq < n) {
        if (!base_db_begin(log->db, error))
            return false;
        uint64_t end = MIN(n, head.seq + 50 * BUS_BLOCK_EVENTS);
        while (head.seq < end) {
            if (!fill_one(log, &head, head.seq, error))
                return false;
        }
        /* an empty tree of that size: what fill writes is for queries, and does not verify */
        head.logged_us = FILL_START_US + (int64_t)head.seq * FILL_STEP_US;
        head.frontier = (BusFrontier){.size = head.seq};
        if (!bus_head_save(log, &head, error) || !base_db_commit(log->db, error))
            return false;
    }
    printf("{\"per_second\": %.1f}\n", (double)n / (now() - start));
    return true;
}

static void put_text(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\')
            putchar('\\');
        putchar(*p);
    }
}

static void copy_event(const BusEvent *event)
{
    uint8_t id[16];
    char hex[33];
    (void)bus_log_id_to_bytes(event->id, id);
    base_digest_to_hex(id, sizeof id, hex);
    printf("%" G_GUINT64_FORMAT "\t\\\\x%s\t", event->seq, hex);
    put_text(event->signed_text);
    printf("\t\\\\x%0128d\t\\\\x%064d\t", 0, 0);
    put_text(event->body);
    printf("\t0\n");
}

typedef struct {
    BaseSha256 *sha256;
    GHashTable *names; /* kind and name → number in @hs, both of which stay */
    GArray *hs;
    GPtrArray *kinds;
    GPtrArray *texts;
    GArray *refs; /* BusRef, of the block or part */
} CopyNames;

static int64_t copy_name(CopyNames *self, const char *kind, const char *text)
{
    g_autofree char *key = g_strconcat(kind, " ", text, NULL);
    gpointer place = NULL;
    if (!g_hash_table_lookup_extended(self->names, key, NULL, &place)) {
        int64_t h = bus_hash_name(self->sha256, kind, text);
        place = GUINT_TO_POINTER(self->hs->len);
        g_array_append_val(self->hs, h);
        g_ptr_array_add(self->kinds, (gpointer)kind);
        g_ptr_array_add(self->texts, g_strdup(text));
        g_hash_table_insert(self->names, g_steal_pointer(&key), place);
    }
    return g_array_index(self->hs, int64_t, GPOINTER_TO_UINT(place));
}

static void note_names(CopyNames *self, uint64_t i, bool refs)
{
    Sample sample;
    make_sample(&sample, i);
    g_autofree char *category = bus_topic_category(sample.topic);
    int64_t hs[] = {copy_name(self, BUS_KIND_TOPIC, sample.topic),
                    copy_name(self, BUS_KIND_CATEGORY, category),
                    copy_name(self, BUS_KIND_ACTOR, sample.actor), 0, 0};
    for (unsigned k = 0; k < 2 && refs; k++)
        hs[3 + k] = bus_hash_name(self->sha256, BUS_KIND_OBJECT, sample.objects[k]);
    for (unsigned k = 0; k < G_N_ELEMENTS(hs) && refs; k++) {
        BusRef ref = {hs[k], (uint32_t)(i % BUS_PART_EVENTS)};
        g_array_append_val(self->refs, ref);
    }
}

static void copy_refs(CopyNames *self, uint64_t number, unsigned bits)
{
    g_autoptr(GArray) rows = bus_refs_print(self->refs, number, bits);
    for (guint i = 0; i < rows->len; i++) {
        const BusRefsRow *row = &g_array_index(rows, BusRefsRow, i);
        g_autofree char *hex = g_malloc(2 * (size_t)row->bytes->len + 1);
        base_digest_to_hex(row->bytes->data, row->bytes->len, hex);
        printf("%" G_GINT64_FORMAT "\t\\\\x%s\n", row->at, hex);
    }
    g_array_set_size(self->refs, 0);
}

/* Event @i of one of the two tables of the index: parts that are full are in the one, the blocks
 * behind them in the other. */
static void copy_index(CopyNames *self, const char *table, uint64_t i, uint64_t n)
{
    bool joined = i < n - n % BUS_PART_EVENTS;
    uint64_t unit = joined ? BUS_PART_EVENTS : BUS_BLOCK_EVENTS;
    if (joined != (strcmp(table, "bus_ref") == 0))
        return;
    note_names(self, i, true);
    if ((i + 1) % unit == 0)
        copy_refs(self, i / unit, joined ? BUS_REFS_PART_BITS : BUS_REFS_BLOCK_BITS);
}

/* As fill() in whole blocks, but without a database: some ten times as fast. */
static void copy_table(const char *table, uint64_t n)
{
    static const uint8_t prev[BASE_SHA256_BYTES] = {0};
    CopyNames names = {.sha256 = base_sha256_new(),
                       .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                       .hs = g_array_new(FALSE, FALSE, sizeof(int64_t)),
                       .kinds = g_ptr_array_new(),
                       .texts = g_ptr_array_new_with_free_func(g_free),
                       .refs = g_array_new(FALSE, FALSE, sizeof(BusRef))};
    n -= n % BUS_BLOCK_EVENTS;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t block = i / BUS_BLOCK_EVENTS;
        int64_t time_us = FILL_START_US + (int64_t)i * FILL_STEP_US;
        if (strcmp(table, "bus_event") == 0) {
            g_autoptr(BusEvent) event = make_event(i, prev);
            copy_event(event);
        } else if (strcmp(table, "bus_name") == 0) {
            note_names(&names, i, false);
        } else if (strcmp(table, "bus_block") != 0) {
            copy_index(&names, table, i, n);
        } else if (i % BUS_BLOCK_EVENTS == 0) {
            printf("%" G_GUINT64_FORMAT "\t%" G_GINT64_FORMAT "\t%" G_GINT64_FORMAT "\n", block,
                   time_us, time_us + INT64_C(1023) * FILL_STEP_US);
        }
    }
    for (guint i = 0; i < names.hs->len && strcmp(table, "bus_name") == 0; i++)
        printf("%" G_GINT64_FORMAT "\t%s\t%s\n", g_array_index(names.hs, int64_t, i),
               (const char *)names.kinds->pdata[i], (const char *)names.texts->pdata[i]);
    base_sha256_free(names.sha256);
    g_hash_table_unref(names.names);
    g_array_unref(names.hs);
    g_ptr_array_unref(names.kinds);
    g_ptr_array_unref(names.texts);
    g_array_unref(names.refs);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* One page of 25 with its total, as the HTTP interface asks for it; @kind may end in @PAGE. */
static bool query_one(BusLog *log, const char *kind, uint64_t i, uint64_t size, GError **error)
{
    Sample sample;
    uint64_t at = i * UINT64_C(2654435761) % size;
    make_sample(&sample, at);
    g_auto(BusQuery) query = {.limit = 25};
    const char *page = strchr(kind, '@');
    if (page != NULL)
        query.offset = 25 * (g_ascii_strtoull(page + 1, NULL, 10) - 1);
    bool window = strstr(kind, "window") != NULL;
    if (window) {
        query.start_us = FILL_START_US + (int64_t)at * FILL_STEP_US;
        query.end_us = query.start_us + INT64_C(86400) * 30 * G_USEC_PER_SEC;
    }
    if (g_str_has_prefix(kind, "topic"))
        query.topics.any = g_strdupv((char *[]){sample.topic, NULL});
    else if (g_str_has_prefix(kind, "category"))
        query.categories.any = g_strsplit("cat3", " ", 0);
    else if (g_str_has_prefix(kind, "not category"))
        query.categories.none = g_strsplit("cat3", " ", 0);
    else if (g_str_has_prefix(kind, "actor"))
        query.actors.any = g_strdupv((char *[]){sample.actor, NULL});
    else if (g_str_has_prefix(kind, "object"))
        query.objects.any = g_strdupv((char *[]){sample.package, NULL});
    if (strstr(kind, "user") != NULL)
        query.users.any = g_strdupv((char *[]){sample.user + strlen("user:"), NULL});
    if (strstr(kind, "+actor") != NULL)
        query.actors.any = g_strdupv((char *[]){sample.actor, NULL});
    uint64_t total = 0;
    g_autoptr(GPtrArray) events = bus_query_run(log, &query, &total, error);
    return events != NULL;
}

static bool query(BusLog *log, uint64_t n, GError **error)
{
    static const char *const kinds[] = {"topic",
                                        "topic@100",
                                        "topic@10000",
                                        "topic+window",
                                        "topic+window@100",
                                        "category",
                                        "category@100",
                                        "category@10000",
                                        "not category",
                                        "not category@10000",
                                        "category+window@100",
                                        "category+actor",
                                        "category+actor@100",
                                        "category+user",
                                        "category+user@10",
                                        "actor",
                                        "actor@100",
                                        "object",
                                        "user",
                                        "user@100",
                                        "window",
                                        "window@10000",
                                        "object+window",
                                        "actor+window"};
    uint64_t size = 0;
    g_autofree double *times = g_new0(double, n);
    g_autofree double *cpu_times = g_new0(double, n);
    if (!bus_log_head(log, &size, error))
        return false;
    printf("{\"events\": %" G_GUINT64_FORMAT, size);
    for (unsigned k = 0; k < G_N_ELEMENTS(kinds); k++) {
        for (uint64_t i = 0; i < n; i++) {
            double start = now();
            double cpu_start = cpu_now();
            if (!query_one(log, kinds[k], i, size, error))
                return false;
            times[i] = now() - start;
            cpu_times[i] = cpu_now() - cpu_start;
        }
        qsort(times, n, sizeof times[0], compare_doubles);
        qsort(cpu_times, n, sizeof cpu_times[0], compare_doubles);
        printf(", \"%s\": {\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"p99_cpu_ms\": %.2f}", kinds[k],
               times[n / 2] * 1000, times[n - 1 - n / 100] * 1000,
               cpu_times[n - 1 - n / 100] * 1000);
        (void)fflush(stdout);
    }
    printf("}\n");
    return true;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 5) {
        fprintf(
            stderr,
            "usage: bench-bus append|group|fsync|fill|query URL STATE NUMBER [BATCH [THREADS]]\n");
        return 2;
    }
    uint64_t n = MAX(1, g_ascii_strtoull(argv[4], NULL, 10));
    if (strcmp(argv[1], "copy") == 0) {
        copy_table(argv[2], n);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (strcmp(argv[1], "fsync") == 0)
        return measure_fsync(argv[3], n) ? 0 : 1;
    unsigned batch = argc > 5 ? (unsigned)MAX(1, atoi(argv[5])) : 1;
    g_autoptr(BaseDb) db = base_db_open(argv[2], &error);
    g_autoptr(BusLog) log = db != NULL ? bus_log_open(db, argv[3], &error) : NULL;
    bool ok = log != NULL;
    if (ok && strcmp(argv[1], "group") == 0)
        ok = group(log, argv[2], argv[3], n, batch, argc > 6 ? (unsigned)MAX(1, atoi(argv[6])) : 1,
                   &error);
    else if (ok && strcmp(argv[1], "append") == 0)
        ok = append(log, n, batch, &error);
    else if (ok && strcmp(argv[1], "fill") == 0)
        ok = fill(log, n, &error);
    else if (ok)
        ok = query(log, n, &error);
    if (!ok)
        fprintf(stderr, "bench-bus: %s\n", error->message);
    return ok ? 0 : 1;
}
