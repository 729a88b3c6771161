/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/query.h"

#include "base/fd.h"
#include "bus/block.h"

#include <fcntl.h>
#include <string.h>

#define EVENTS 2500
#define MANY_EVENTS (17 * BUS_BLOCK_EVENTS + 100) /* of which the index is in two parts */
#define SECOND INT64_C(1000000)
#define START (INT64_C(1700000000) * SECOND)

typedef struct {
    char *dir;
    BaseDb *db;
    BusLog *log;
    GPtrArray *all;
} Fixture;

/* Event i: one of 7 topics in 3 categories, 5 actors, 11 packages, ten seconds after the last. */
static void append_one(BusLog *log, unsigned i)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *topic = g_strdup_printf("org.atoll.prod.cat%u.thing.verb%u", i % 3, i % 7);
    g_autofree char *actor = g_strdup_printf("person:p%u", i % 5);
    g_autofree char *package = g_strdup_printf("%s:pkg%u", i % 2 == 0 ? "deb" : "rpm", i % 11);
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_int_member(body, "number", i);
    BusDraft draft = {.topic = topic,
                      .actor = actor,
                      .objects = (const char *const[]){package, "user:all", NULL},
                      .severity = i % 10 == 0 ? BUS_SEVERITY_ERROR : BUS_SEVERITY_INFO,
                      .body = body,
                      .time_us = START + 10 * SECOND * (int64_t)i};
    g_assert_true(bus_append(log, &draft, 1, NULL, &error));
    g_assert_no_error(error);
}

/* Events @start up to @end in one transaction, which is rolled back unless it is to stay. */
static void append_span(BusLog *log, unsigned start, unsigned end, bool stays)
{
    g_autoptr(GError) error = NULL;
    BaseDb *db = bus_log_get_db(log);
    g_assert_true(base_db_begin(db, &error));
    for (unsigned i = start; i < end; i++)
        append_one(log, stays ? i : i + 7);
    if (!stays)
        base_db_rollback(db);
    g_assert_true(!stays || base_db_commit(db, &error));
}

static void set_up(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    self->dir = g_dir_make_tmp("atoll-bus-XXXXXX", &error);
    g_autofree char *path = g_build_filename(self->dir, "atoll.db", NULL);
    self->db = base_db_open(path, &error);
    self->log = bus_log_open(self->db, self->dir, &error);
    g_assert_no_error(error);
    /* what a writer remembers of a block must not outlive a rollback, nor another writer */
    append_span(self->log, 0, 600, true);
    append_span(self->log, 900, 1100, false);
    append_span(self->log, 600, 700, true);
    g_autoptr(BaseDb) other_db = base_db_open(path, &error);
    g_autoptr(BusLog) other = bus_log_open(other_db, self->dir, &error);
    g_assert_no_error(error);
    append_span(self->log, 700, 1300, false);
    append_span(self->log, 700, 1500, true);
    append_span(other, 1500, 1600, true);
    append_span(self->log, 1600, 2400, true);
    append_span(self->log, 2400, EVENTS, true);
    self->all = bus_log_read(self->log, 0, EVENTS + 1, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(self->all->len, ==, EVENTS + 1);
}

static void tear_down(Fixture *self, const void *data)
{
    g_ptr_array_unref(self->all);
    bus_log_close(self->log);
    base_db_close(self->db);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->dir, NULL));
    g_free(self->dir);
}

/* What reading every event gives. */
static void compare(Fixture *self, BusQuery *query)
{
    g_autoptr(GError) error = NULL;
    uint64_t total = 0;
    uint64_t wanted_total = 0;
    g_autoptr(GPtrArray) found = bus_query_run(self->log, query, &total, &error);
    g_assert_no_error(error);
    guint at = 0;
    for (guint i = 0; i < self->all->len; i++) {
        guint index = query->order == BUS_ORDER_DESC ? self->all->len - 1 - i : i;
        const BusEvent *event = self->all->pdata[index];
        if (!bus_query_matches(query, event))
            continue;
        if (wanted_total >= query->offset && at < query->limit) {
            g_assert_cmpuint(at, <, found->len);
            g_assert_cmpuint(((BusEvent *)found->pdata[at])->seq, ==, event->seq);
            at++;
        }
        wanted_total++;
    }
    g_assert_cmpuint(found->len, ==, at);
    g_assert_cmpuint(total, ==, wanted_total);
}

static char **words(const char *text)
{
    return text != NULL ? g_strsplit(text, " ", -1) : NULL;
}

static void test_filters(Fixture *self, const void *data)
{
    static const struct {
        const char *topics, *not_topics, *categories, *actors, *not_actors, *objects, *users;
        const char *packages, *not_categories;
        unsigned severity;
    } cases[] = {
        {0},
        {.topics = "org.atoll.prod.cat0.thing.verb0"},
        {.topics = "*.verb1 *.verb2"},
        {.topics = "*"},
        {.topics = "nothing"},
        {.not_topics = "*.verb1"},
        {.not_topics = "org.atoll.prod.cat0.thing.verb0 nothing"},
        {.not_categories = "cat1 cat1"},
        {.categories = "cat1 cat2", .not_categories = "cat1"},
        {.topics = "*.verb1 *.verb2", .categories = "cat1 cat2"},
        {.categories = "cat1 cat2", .not_topics = "*.verb1"},
        {.not_actors = "person:p4"},
        {.categories = "cat1", .not_actors = "person:p4"},
        {.actors = "person:p3 person:p4 person:p3"},
        {.categories = "cat1"},
        {.categories = "cat1 cat2"},
        {.categories = "cat1", .actors = "person:p3"},
        {.actors = "person:p3 person:p4", .not_actors = "person:p4"},
        {.objects = "deb:pkg4"},
        {.objects = "deb:pkg4 rpm:pkg4 user:all"},
        {.users = "all"},
        {.packages = "pkg4", .actors = "person:p1"},
        {.packages = "pkg4 pkg5", .users = "all", .topics = "*verb3", .severity = 40},
        {.severity = 40},
        {.topics = "*.verb1", .categories = "cat9"},
    };
    static const unsigned offsets[] = {0, 30, 500, 1024, 1100, 1900, 2499};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases) * 8; i++) {
        g_auto(BusQuery) query = {.limit = 20};
        unsigned c = i / 8;
        query.topics.any = words(cases[c].topics);
        query.topics.none = words(cases[c].not_topics);
        query.categories.any = words(cases[c].categories);
        query.categories.none = words(cases[c].not_categories);
        query.actors.any = words(cases[c].actors);
        query.actors.none = words(cases[c].not_actors);
        query.objects.any = words(cases[c].objects);
        query.users.any = words(cases[c].users);
        query.packages.any = words(cases[c].packages);
        query.severity_min = cases[c].severity;
        query.order = i % 2 == 0 ? BUS_ORDER_DESC : BUS_ORDER_ASC;
        query.offset = offsets[i % G_N_ELEMENTS(offsets)];
        query.start_us = i / 2 % 2 == 0 ? 0 : START + 5003 * SECOND;
        query.end_us = i / 4 % 2 == 0 ? 0 : START + 22000 * SECOND;
        compare(self, &query);
        query.after_seq = 1500;
        compare(self, &query);
    }
}

static void test_contains(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_auto(BusQuery) query = {.limit = 20};
    query.contains.any = words("\"number\":77");
    g_assert_null(bus_query_run(self->log, &query, NULL, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
    query.start_us = START;
    query.categories.any = words("cat2");
    compare(self, &query);
    g_clear_error(&error);
    g_autoptr(GPtrArray) found = bus_query_run(self->log, &query, NULL, &error);
    g_assert_cmpuint(found->len, >, 0);
}

static void test_histogram(Fixture *self, const void *data)
{
    static const char *const groups[] = {NULL, "topic", "category", "actor"};
    for (unsigned g = 0; g < G_N_ELEMENTS(groups); g++) {
        for (unsigned width = 1; width <= 100000; width *= 100) {
            g_auto(BusQuery)
                query = {.start_us = START + 99 * SECOND, .end_us = START + 24000 * SECOND};
            g_autoptr(GError) error = NULL;
            g_autoptr(GVariant) histogram = bus_query_histogram(
                self->log, &query, (int64_t)width * SECOND * 10, groups[g], &error);
            g_assert_no_error(error);
            uint64_t total = 0;
            uint64_t sum = 0;
            GVariantIter iter;
            int64_t start = 0;
            const char *name = NULL;
            uint64_t n = 0;
            g_variant_iter_init(&iter, histogram);
            while (g_variant_iter_next(&iter, "(x&st)", &start, &name, &n))
                sum += n;
            g_autoptr(GPtrArray) none = bus_query_run(self->log, &query, &total, &error);
            g_assert_cmpuint(sum, ==, total);
            g_assert_cmpuint(sum, ==, 2390);
        }
    }
}

static void read_all(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    uint64_t after = self->all->len;
    for (;;) {
        g_autoptr(GPtrArray) more = bus_log_read(self->log, after, 10000, &error);
        g_assert_no_error(error);
        if (more->len == 0)
            return;
        after += more->len;
        g_ptr_array_extend_and_steal(self->all, g_steal_pointer(&more));
    }
}

/* Every thousandth event has an object of its own; every other 1500 are @ahead by so many. */
static void append_many(Fixture *self, unsigned start, unsigned end, unsigned ahead)
{
    g_autoptr(GError) error = NULL;
    for (unsigned i = start; i < end; i += 100) {
        BusDraft drafts[100];
        char objects[100][16];
        const char *lists[100][2];
        for (unsigned k = 0; k < 100; k++) {
            g_snprintf(objects[k], sizeof objects[k], "rare:%u", (i + k) / 1000);
            lists[k][0] = (i + k) % 1000 == 0 ? objects[k] : NULL;
            lists[k][1] = NULL;
            drafts[k] = (BusDraft){
                .topic = (i + k) % 13 == 0 ? "org.atoll.prod.many.a.b" : "org.atoll.prod.more.a.b",
                .actor = (i + k) % 3 == 0 ? "person:x" : "person:y",
                .objects = lists[k],
                .time_us = START + 10 * SECOND * (int64_t)(i + k + (i / 1500 % 2) * ahead)};
        }
        g_assert_true(base_db_begin(self->db, &error));
        g_assert_true(bus_append(self->log, drafts, MIN(100, end - i), NULL, &error));
        g_assert_true(base_db_commit(self->db, &error));
    }
}

static void compare_parts(Fixture *self)
{
    static const struct {
        const char *categories, *actors, *objects;
    } cases[] = {
        {.categories = "many"},
        {.categories = "many", .actors = "person:x"},
        {.categories = "cat1", .actors = "person:x person:p3"},
        {.categories = "cat1"},
        {.objects = "rare:3"},
        {.objects = "rare:17"},
        {.objects = "rare:3 rare:17 deb:pkg4"},
        {.objects = "deb:pkg4"},
        {.actors = "person:x", .objects = "rare:9 rare:17"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases) * 8; i++) {
        g_auto(BusQuery) query = {.limit = 20};
        unsigned c = i / 8;
        query.categories.any = words(cases[c].categories);
        query.actors.any = words(cases[c].actors);
        query.objects.any = words(cases[c].objects);
        query.order = i % 2 == 0 ? BUS_ORDER_DESC : BUS_ORDER_ASC;
        query.offset = i / 2 % 2 == 0 ? 0 : 1200;
        query.start_us = i / 4 % 2 == 0 ? 0 : START + 10 * SECOND * 2047;
        compare(self, &query);
    }
}

static void test_parts(Fixture *self, const void *data)
{
    append_many(self, EVENTS, MANY_EVENTS, 0);
    read_all(self);
    compare_parts(self);
}

static uint64_t sum_histogram(Fixture *self, const BusQuery *query)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) histogram =
        bus_query_histogram(self->log, query, 50000 * SECOND, NULL, &error);
    g_assert_no_error(error);
    GVariantIter iter;
    uint64_t n = 0;
    uint64_t sum = 0;
    g_variant_iter_init(&iter, histogram);
    while (g_variant_iter_next(&iter, "(x&st)", NULL, NULL, &n))
        sum += n;
    return sum;
}

/* As what is imported does, times go forth and back: of the blocks between the first and the last
 * one in a window some have nothing in it, some a part. */
static void test_times(Fixture *self, const void *data)
{
    static const unsigned windows[][2] = {{0, 4000}, {6000, 6100}, {2600, 104000}, {50000, 60000}};
    append_many(self, EVENTS, 9000, 100000);
    read_all(self);
    for (unsigned i = 0; i < G_N_ELEMENTS(windows) * 6; i++) {
        g_auto(BusQuery) query = {.limit = 20};
        const unsigned *window = windows[i / 6];
        query.start_us = window[0] == 0 ? 0 : START + 10 * SECOND * window[0];
        query.end_us = window[1] == 0 ? 0 : START + 10 * SECOND * window[1];
        query.order = i % 2 == 0 ? BUS_ORDER_DESC : BUS_ORDER_ASC;
        query.offset = (i + i / 6) % 2 == 0 ? 0 : 1200;
        query.categories.any = words(i / 2 % 3 == 1 ? "many" : NULL);
        query.objects.any = words(i / 2 % 3 == 2 ? "rare:9 rare:12" : NULL);
        compare(self, &query);
        if (i % 6 != 0)
            continue;
        uint64_t total = 0;
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) found = bus_query_run(self->log, &query, &total, &error);
        g_assert_cmpuint(sum_histogram(self, &query), ==, total);
    }
}

/* As an older program left it: the index is written when the log is opened. */
static void test_catch_up(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(base_db_exec(
        self->db,
        "DELETE FROM bus_ref; DELETE FROM bus_fresh; DELETE FROM bus_block; DELETE FROM bus_name",
        &error));
    bus_log_close(self->log);
    self->log = bus_log_open(self->db, self->dir, &error);
    g_assert_no_error(error);
    compare_parts(self);
    test_histogram(self, data);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/bus/query/filters", Fixture, NULL, set_up, test_filters, tear_down);
    g_test_add("/bus/query/contains", Fixture, NULL, set_up, test_contains, tear_down);
    g_test_add("/bus/query/parts", Fixture, NULL, set_up, test_parts, tear_down);
    g_test_add("/bus/query/times", Fixture, NULL, set_up, test_times, tear_down);
    g_test_add("/bus/query/catch-up", Fixture, NULL, set_up, test_catch_up, tear_down);
    g_test_add("/bus/query/histogram", Fixture, NULL, set_up, test_histogram, tear_down);
    return g_test_run();
}
