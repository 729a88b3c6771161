/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/group.h"

#include "base/fd.h"
#include "bus/verify.h"

#include <fcntl.h>

#define THREADS 8
#define ROUNDS 40

typedef struct {
    char *dir;
    char *path;
    BusLog *writer;
    BusGroup *group;
    int n_refused; /* atomic */
} Fixture;

typedef struct {
    Fixture *fixture;
    unsigned number;
} Publisher;

static BusLog *open_log(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    BaseDb *db = base_db_open(self->path, &error);
    g_assert_no_error(error);
    BusLog *log = bus_log_open(db, self->dir, &error);
    g_assert_no_error(error);
    return log;
}

static void close_log(BusLog *log)
{
    BaseDb *db = bus_log_get_db(log);
    bus_log_close(log);
    base_db_close(db);
}

static void set_up(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    self->dir = g_dir_make_tmp("atoll-bus-XXXXXX", &error);
    self->path = g_build_filename(self->dir, "atoll.db", NULL);
    self->writer = open_log(self);
    self->group = bus_group_new(self->writer);
}

static void tear_down(Fixture *self, const void *data)
{
    bus_group_free(self->group);
    close_log(self->writer);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->dir, NULL));
    g_free(self->path);
    g_free(self->dir);
}

/* Batches, single ones, and some of an id that is taken, which must not harm the others. */
static void *publish(void *data)
{
    const Publisher *self = data;
    BusLog *log = open_log(self->fixture);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *actor = g_strdup_printf("person:%u-%u", self->number, round);
        bool taken = round % 8 == 7;
        unsigned n = round % 4 == 0 ? 3 : 1;
        uint64_t seq = 0;
        BusDraft drafts[3];
        for (unsigned i = 0; i < 3; i++)
            drafts[i] = (BusDraft){.topic = "org.atoll.test.a.b.c", .actor = actor};
        if (taken)
            drafts[0].id = "01234567-0123-7123-8123-0123456789ab";
        if (!bus_group_publish(self->fixture->group, log, drafts, n, &seq, &error)) {
            g_assert_true(taken);
            g_assert_error(error, BUS_ERROR, BUS_ERROR_EXISTS);
            g_atomic_int_inc(&self->fixture->n_refused);
            continue;
        }
        for (unsigned i = 0; i < n; i++) {
            g_autoptr(BusEvent) event = bus_log_find_seq(log, seq + i, &error);
            g_assert_no_error(error);
            g_assert_cmpstr(event->actor, ==, actor);
        }
    }
    close_log(log);
    return NULL;
}

/* Each event is there once, where its publisher was told, and the log proves. */
static void test_threads(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    BusLog *log = open_log(self);
    GThread *threads[THREADS];
    Publisher publishers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        publishers[i] = (Publisher){self, i};
        threads[i] = g_thread_new("publisher", publish, &publishers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)g_thread_join(threads[i]);
    uint64_t seq = 0;
    g_assert_true(bus_log_head(log, &seq, &error));
    /* a quarter of the rounds has three events; of an eighth all but one were refused */
    unsigned wanted = THREADS * ROUNDS * 3 / 2 - (THREADS * ROUNDS / 8 - 1);
    g_assert_cmpint(g_atomic_int_get(&self->n_refused), ==, THREADS * ROUNDS / 8 - 1);
    g_assert_cmpuint(seq, ==, wanted + 1);
    g_autoptr(BusVerification) verified = bus_verify(log, NULL, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(verified->findings->len, ==, 0);
    close_log(log);
}

/* What is wrong with one's own is said, as without a group. */
static void test_refused(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    BusLog *log = open_log(self);
    BusDraft drafts[] = {{.topic = "org.atoll.test.a.b.c", .actor = "person:x"},
                         {.topic = "org.atoll.prod.bus.key.added", .actor = "person:x"},
                         {.topic = "a b", .actor = "person:x"}};
    g_assert_false(bus_group_publish(self->group, log, &drafts[1], 1, NULL, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_DENIED);
    g_clear_error(&error);
    g_assert_false(bus_group_publish(self->group, log, &drafts[2], 1, NULL, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(bus_group_publish(self->group, log, drafts, 2, NULL, &error));
    g_clear_error(&error);
    uint64_t seq = 0;
    g_assert_true(bus_group_publish(self->group, log, drafts, 1, &seq, &error));
    g_assert_cmpuint(seq, ==, 2);
    close_log(log);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/bus/group/threads", Fixture, NULL, set_up, test_threads, tear_down);
    g_test_add("/bus/group/refused", Fixture, NULL, set_up, test_refused, tear_down);
    return g_test_run();
}
