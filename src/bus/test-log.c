/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/log.h"

#include "base/fd.h"
#include "bus/log-private.h"

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
    g_assert_no_error(error);
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

static void test_publish(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "b", "x");
    json_object_set_int_member(body, "a", 1);
    const char *const objects[] = {"deb:bash", "user:alice", NULL};
    BusDraft draft = {.topic = "org.atoll.prod.image.disk.made",
                      .actor = "person:alice",
                      .objects = objects,
                      .body = body};
    uint64_t seq = 0;
    g_assert_true(bus_publish(self->log, &draft, &seq, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(seq, ==, 2);
    g_autoptr(GPtrArray) events = bus_log_read(self->log, 0, 10, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(events->len, ==, 2);
    const BusEvent *event = events->pdata[1];
    g_assert_cmpstr(event->body, ==, "{\"a\":1,\"b\":\"x\"}");
    g_assert_cmpstr(event->objects[1], ==, "user:alice");
    g_autoptr(BusEvent) found = bus_log_find(self->log, event->id, &error);
    g_assert_cmpstr(found->signed_text, ==, event->signed_text);
    g_autoptr(JsonObject) json = bus_event_to_json(event);
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), json);
    g_autofree char *text = json_to_string(node, FALSE);
    g_autoptr(BusEvent) again = bus_event_from_json(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpmem(again->hash, 32, event->hash, 32);
    draft.id = event->id;
    g_assert_false(bus_publish(self->log, &draft, NULL, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_EXISTS);
}

/* A text is signed in canonical form, however it came. */
static void test_body_text(Fixture *self, const void *data)
{
    static const char *const texts[] = {"{\"a\":1,\"b\":\"x\"}", " {\"b\":\"\\u0078\", \"a\":1.0}",
                                        "{\"b\":\"x\",\"a\":1e0}"};
    g_autoptr(GError) error = NULL;
    BusDraft drafts[G_N_ELEMENTS(texts)];
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        drafts[i] = (BusDraft){.topic = "a.b", .actor = "x", .body_text = texts[i]};
    g_assert_true(base_db_begin(self->db, &error));
    g_assert_true(bus_append(self->log, drafts, G_N_ELEMENTS(texts), NULL, &error));
    g_assert_no_error(error);
    g_assert_true(base_db_commit(self->db, &error));
    g_autoptr(GPtrArray) events = bus_log_read(self->log, 1, 10, &error);
    g_assert_cmpuint(events->len, ==, G_N_ELEMENTS(texts));
    for (unsigned i = 0; i < events->len; i++) {
        const BusEvent *event = events->pdata[i];
        g_assert_cmpstr(event->body, ==, texts[0]);
        g_assert_cmpmem(event->body_digest, 32, ((BusEvent *)events->pdata[0])->body_digest, 32);
    }
}

static void test_rollback(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    BusDraft draft = {.topic = "a.b", .actor = "x"};
    uint64_t seq = 99;
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(base_db_begin(self->db, &error));
        g_assert_true(bus_append(self->log, &draft, 1, &seq, &error));
        g_assert_cmpuint(seq, ==, 2);
        base_db_rollback(self->db);
    }
    g_assert_true(bus_log_head(self->log, &seq, &error));
    g_assert_cmpuint(seq, ==, 0);
    g_assert_true(bus_publish(self->log, &draft, &seq, &error));
    g_assert_cmpuint(seq, ==, 2);
}

static void test_many(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    BusDraft drafts[100];
    for (unsigned i = 0; i < 100; i++)
        drafts[i] = (BusDraft){.topic = "a.b.c.d.e", .actor = "x"};
    for (unsigned i = 0; i < 30; i++) {
        g_assert_true(base_db_begin(self->db, &error));
        g_assert_true(bus_append(self->log, drafts, 100, NULL, &error));
        g_assert_no_error(error);
        g_assert_true(base_db_commit(self->db, &error));
    }
    uint64_t seq = 0;
    g_assert_true(bus_log_head(self->log, &seq, &error));
    g_assert_cmpuint(seq, ==, 3001);
    g_assert_true(bus_log_wait(self->log, 3000, 10, NULL, &error));
    g_assert_false(bus_log_wait(self->log, 3001, 10, NULL, &error));
    g_assert_no_error(error);
}

static void test_refused(Fixture *self, const void *data)
{
    static const struct {
        BusDraft draft;
        BusError code;
    } cases[] = {
        {{.topic = "a\nb", .actor = "x"}, BUS_ERROR_INVALID},
        {{.topic = "a..b", .actor = "x"}, BUS_ERROR_INVALID},
        {{.topic = "", .actor = "x"}, BUS_ERROR_INVALID},
        {{.topic = "a.*", .actor = "x"}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = ""}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = "x\x01"}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = "x", .id = "nonsense"}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = "x", .time_us = -1}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = "x", .body_text = ""}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = "x", .body_text = "[]"}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = "x", .body_text = "{\"a\":1,\"a\":1}"}, BUS_ERROR_INVALID},
        {{.topic = "a.b", .actor = "x", .body_text = "{\"a\":\"\xff\"}"}, BUS_ERROR_INVALID},
        {{.topic = BUS_TOPIC_KEY_ADDED, .actor = "x"}, BUS_ERROR_DENIED},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(bus_publish(self->log, &cases[i].draft, NULL, &error));
        g_assert_error(error, BUS_ERROR, (int)cases[i].code);
    }
    uint64_t seq = 9;
    g_assert_true(bus_log_head(self->log, &seq, NULL));
    g_assert_cmpuint(seq, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/bus/log/publish", Fixture, NULL, set_up, test_publish, tear_down);
    g_test_add("/bus/log/body-text", Fixture, NULL, set_up, test_body_text, tear_down);
    g_test_add("/bus/log/rollback", Fixture, NULL, set_up, test_rollback, tear_down);
    g_test_add("/bus/log/many", Fixture, NULL, set_up, test_many, tear_down);
    g_test_add("/bus/log/refused", Fixture, NULL, set_up, test_refused, tear_down);
    return g_test_run();
}
