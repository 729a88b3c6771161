/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/subscription.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>

typedef struct {
    char *dir;
    BaseDb *db;
    BusLog *log;
} Fixture;

static void set_up(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    self->dir = g_dir_make_tmp("atoll-bus-XXXXXX", &error);
    g_autofree char *path = g_build_filename(self->dir, "atoll.db", NULL);
    self->db = base_db_open(path, &error);
    self->log = bus_log_open(self->db, self->dir, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *self, const void *data)
{
    bus_log_close(self->log);
    base_db_close(self->db);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->dir, NULL));
    g_free(self->dir);
}

static void publish(Fixture *self, const char *topic, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        g_autoptr(GError) error = NULL;
        BusDraft draft = {.topic = topic, .actor = "x"};
        g_assert_true(bus_publish(self->log, &draft, NULL, &error));
    }
}

static void expect(Fixture *self, guint n, uint64_t first)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) events = bus_subscription_next(self->log, "s", 10, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(events->len, ==, n);
    if (n > 0)
        g_assert_cmpuint(((BusEvent *)events->pdata[0])->seq, ==, first);
}

static void test_progress(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    publish(self, "a.b", 3);
    publish(self, "c.d", 2);
    g_assert_true(
        bus_subscription_ensure(self->log, "s", (const char *const[]){"a.*", NULL}, 0, 0, &error));
    expect(self, 3, 2);
    expect(self, 3, 2);
    g_assert_true(bus_subscription_ack(self->log, "s", 3, &error));
    expect(self, 1, 4);
    g_assert_true(bus_subscription_ack(self->log, "s", 2, &error));
    expect(self, 1, 4);
    g_assert_true(bus_subscription_park(self->log, "s", 4, "would not go in", &error));
    expect(self, 0, 0);
    g_autoptr(GPtrArray) dead = bus_subscription_dead(self->log, "s", &error);
    g_assert_cmpuint(dead->len, ==, 1);
    g_assert_cmpstr(((BusDead *)dead->pdata[0])->reason, ==, "would not go in");
    g_assert_true(bus_subscription_unpark(self->log, "s", 4, &error));
    /* of the same name again: progress stays */
    g_assert_true(bus_subscription_ensure(self->log, "s", NULL, 0, 0, &error));
    expect(self, 2, 5);
    g_assert_false(bus_subscription_ack(self->log, "s", 99, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(bus_subscription_ack(self->log, "other", 1, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(bus_subscription_remove(self->log, "s", &error));
    g_assert_false(bus_subscription_remove(self->log, "s", &error));
}

static void test_ack_rolls_back(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    publish(self, "a.b", 3);
    g_assert_true(bus_subscription_ensure(self->log, "s", NULL, 1, 0, &error));
    g_assert_true(base_db_begin(self->db, &error));
    g_assert_true(bus_subscription_ack(self->log, "s", 4, &error));
    base_db_rollback(self->db);
    expect(self, 3, 2);
}

/* What does not match is passed over, and does not count as lag. */
static void test_lag(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    unsigned alarms = 0;
    g_assert_true(
        bus_subscription_ensure(self->log, "s", (const char *const[]){"a.*", NULL}, 0, 4, &error));
    publish(self, "c.d", 300);
    expect(self, 0, 0);
    g_autoptr(GPtrArray) list = bus_subscription_list(self->log, &error);
    g_assert_cmpuint(((BusSubscription *)list->pdata[0])->lag, ==, 0);
    g_assert_cmpuint(((BusSubscription *)list->pdata[0])->seq, ==, 301);
    publish(self, "a.b", 5);
    g_assert_true(bus_subscription_check_lag(self->log, &alarms, &error));
    g_assert_cmpuint(alarms, ==, 1);
    g_assert_true(bus_subscription_check_lag(self->log, &alarms, &error));
    g_assert_cmpuint(alarms, ==, 0);
    g_auto(BusQuery) query = {.limit = 5};
    query.topics.any = g_strsplit("org.atoll.prod.bus.subscription.lagging", " ", 0);
    g_autoptr(GPtrArray) events = bus_query_run(self->log, &query, NULL, &error);
    g_assert_cmpuint(events->len, ==, 1);
    g_assert_nonnull(strstr(((BusEvent *)events->pdata[0])->body, "\"lag\":5"));
    g_assert_true(bus_subscription_ack(self->log, "s", 306, &error));
    g_assert_true(bus_subscription_check_lag(self->log, &alarms, &error));
    publish(self, "a.b", 5);
    g_assert_true(bus_subscription_check_lag(self->log, &alarms, &error));
    g_assert_cmpuint(alarms, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/bus/subscription/progress", Fixture, NULL, set_up, test_progress, tear_down);
    g_test_add("/bus/subscription/ack-rolls-back", Fixture, NULL, set_up, test_ack_rolls_back,
               tear_down);
    g_test_add("/bus/subscription/lag", Fixture, NULL, set_up, test_lag, tear_down);
    return g_test_run();
}
