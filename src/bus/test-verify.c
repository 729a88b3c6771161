/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/verify.h"

#include "base/fd.h"
#include "bus/dump.h"
#include "bus/keys.h"
#include "bus/log-private.h"
#include "bus/proof.h"
#include "bus/retention.h"
#include "bus/signed.h"

#include <fcntl.h>
#include <string.h>

#define EVENTS 1500

typedef struct {
    char *dir;
    BaseDb *db;
    BusLog *log;
} Fixture;

static char *make_state(const char *dir, const char *name)
{
    char *path = g_build_filename(dir, name, NULL);
    g_assert_true(base_fd_make_dirs(AT_FDCWD, path, 0755, NULL));
    return path;
}

static void open_state(Fixture *self, const char *state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(state, "atoll.db", NULL);
    self->db = base_db_open(path, &error);
    self->log = bus_log_open(self->db, state, &error);
    g_assert_no_error(error);
}

static void close_state(Fixture *self)
{
    bus_log_close(self->log);
    base_db_close(self->db);
}

static void publish(BusLog *log, const char *topic, unsigned n)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(base_db_begin(bus_log_get_db(log), &error));
    for (unsigned i = 0; i < n; i++) {
        g_autoptr(JsonObject) body = json_object_new();
        json_object_set_int_member(body, "i", i);
        BusDraft draft = {.topic = topic, .actor = "person:alice", .body = body};
        g_assert_true(bus_append(log, &draft, 1, NULL, &error));
        g_assert_no_error(error);
    }
    g_assert_true(base_db_commit(bus_log_get_db(log), &error));
}

/* All in one append: under one signature for each thousand. */
static void publish_at_once(BusLog *log, const char *topic, unsigned n)
{
    g_autoptr(GError) error = NULL;
    g_autofree BusDraft *drafts = g_new0(BusDraft, n);
    for (unsigned i = 0; i < n; i++)
        drafts[i] = (BusDraft){.topic = topic, .actor = "person:alice"};
    g_assert_true(base_db_begin(bus_log_get_db(log), &error));
    g_assert_true(bus_append(log, drafts, n, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(base_db_commit(bus_log_get_db(log), &error));
}

static void set_up(Fixture *self, const void *data)
{
    self->dir = g_dir_make_tmp("atoll-bus-XXXXXX", NULL);
    g_autofree char *state = make_state(self->dir, "a");
    open_state(self, state);
    publish(self->log, "org.atoll.prod.a.b.c", EVENTS);
}

static void tear_down(Fixture *self, const void *data)
{
    close_state(self);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->dir, NULL));
    g_free(self->dir);
}

static BusVerification *verify(Fixture *self, const GPtrArray *saved)
{
    g_autoptr(GError) error = NULL;
    BusVerification *result = bus_verify(self->log, saved, NULL, NULL, &error);
    g_assert_no_error(error);
    return result;
}

static void expect_clean(Fixture *self, uint64_t n_events)
{
    g_autoptr(BusVerification) result = verify(self, NULL);
    for (guint i = 0; i < result->findings->len; i++)
        g_test_message("%s", ((BusFinding *)result->findings->pdata[i])->message);
    g_assert_cmpuint(result->findings->len, ==, 0);
    g_assert_cmpuint(result->n_events, ==, n_events);
}

static void run_sql(Fixture *self, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(base_db_exec(self->db, sql, &error));
    g_assert_no_error(error);
}

typedef struct {
    const char *sql;
    uint64_t seq;
    const char *kind;
    guint n_findings;    /* 0: one or more */
    const char *message; /* nullable: part of it */
} Tampering;

static void tamper(Fixture *self, const Tampering *tampering)
{
    run_sql(self, "CREATE TABLE e AS SELECT * FROM bus_event; CREATE TABLE n AS SELECT * FROM "
                  "bus_node; CREATE TABLE s AS SELECT * FROM bus_signed_head; CREATE TABLE h AS "
                  "SELECT * FROM bus_head");
    run_sql(self, tampering->sql);
    g_autoptr(BusVerification) result = verify(self, NULL);
    g_test_message("%s: %u findings", tampering->sql, result->findings->len);
    g_assert_cmpuint(result->findings->len, >, 0);
    const BusFinding *finding = result->findings->pdata[0];
    g_test_message("%s", finding->message);
    g_assert_cmpstr(finding->kind, ==, tampering->kind);
    g_assert_cmpuint(finding->seq, ==, tampering->seq);
    if (tampering->message != NULL)
        g_assert_nonnull(strstr(finding->message, tampering->message));
    if (tampering->n_findings != 0)
        g_assert_cmpuint(result->findings->len, ==, tampering->n_findings);
    run_sql(self,
            "DELETE FROM bus_event; INSERT INTO bus_event SELECT * FROM e; DROP TABLE e; DELETE "
            "FROM bus_node; INSERT INTO bus_node SELECT * FROM n; DROP TABLE n; DELETE FROM "
            "bus_signed_head; INSERT INTO bus_signed_head SELECT * FROM s; DROP TABLE s; "
            "DELETE FROM bus_head; INSERT INTO bus_head SELECT * FROM h; DROP TABLE h");
}

/* What was done to the log, and what has to be said about it first. */
static void test_tampering(Fixture *self, const void *data)
{
    static const Tampering cases[] = {
        {"UPDATE bus_event SET body = '{\"i\":99}' WHERE seq = 700", 700, "altered", 1},
        {"UPDATE bus_event SET signed = replace(signed, 'alice', 'mally') WHERE seq = 700", 700,
         "altered", 1},
        {"UPDATE bus_event SET signed = 'nonsense' WHERE seq = 700", 700, "altered", 1},
        {"UPDATE bus_event SET signature = zeroblob(64) WHERE seq = 700", 700, "altered", 1},
        {"UPDATE bus_event SET hash = zeroblob(32) WHERE seq = 700", 700, "altered", 0},
        {"DELETE FROM bus_event WHERE seq = 700", 700, "removed", 1},
        {"DELETE FROM bus_event WHERE seq BETWEEN 700 AND 705", 700, "removed", 1},
        {"DELETE FROM bus_event WHERE seq > 1400", 1401, "removed", 0},
        {"UPDATE bus_event SET seq = -1 WHERE seq = 700; UPDATE bus_event SET seq = 700 WHERE seq "
         "= "
         "701; UPDATE bus_event SET seq = 701 WHERE seq = -1",
         700, "swapped", 0},
        {"UPDATE bus_event SET id = zeroblob(16) WHERE seq = 700", 700, "index", 1},
        {"UPDATE bus_node SET hash = zeroblob(32) WHERE level = 8 AND idx = 2", 0, "altered", 1},
        {"UPDATE bus_signed_head SET signature = zeroblob(64)", 0, "forged", 1},
        {"UPDATE bus_head SET prev = zeroblob(32)", 0, "altered", 1},
        {"UPDATE bus_event SET signature = zeroblob(63) WHERE seq = 700", 700, "altered", 1,
         "the signature of event 700 is altered: a signature has 64 bytes"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        tamper(self, &cases[i]);
    expect_clean(self, EVENTS + 1);
}

/* Events 1502 to 3001 are two batches, of 1024 and of 476. Bytes of a signature, from 1: 1 to 64
 * ed25519, 65 to 68 place and size, then the path. */
static void test_batches(Fixture *self, const void *data)
{
#define SET(VALUE) "UPDATE bus_event SET signature = " VALUE " WHERE seq = 1600"
#define OTHER(SEQ) "(SELECT signature FROM bus_event WHERE seq = " SEQ ")"
    static const Tampering cases[] = {
        {SET("CAST(substr(signature, 1, 68) || zeroblob(32) || substr(signature, 101) AS BLOB)"),
         1600, "altered", 1, "its text or signature is not what"},
        {SET(OTHER("1601")), 1600, "altered", 1, "its text or signature is not what"},
        {SET(OTHER("2600")), 1600, "altered", 1, "its text or signature is not what"},
        {SET(OTHER("1500")), 1600, "altered", 1, "its text or signature is not what"},
        {SET("CAST(" OTHER("2600") " || x'' AS BLOB)"), 1600, "altered", 1, NULL},
        {SET("CAST(substr(signature, 1, 64) || x'04000400' || substr(signature, 69) AS BLOB)"),
         1600, "altered", 1, "this place is 1024 of 1024"},
        {SET("CAST(substr(signature, 1, 64) || x'00000401' || substr(signature, 69) AS BLOB)"),
         1600, "altered", 1, "a batch has 2 to 1024 events"},
        {SET("substr(signature, 1, length(signature) - 32)"), 1600, "altered", 1,
         "the path of place 98 in a batch of 1024 has 10 hashes"},
        {SET("substr(signature, 1, 66)"), 1600, "altered", 1, "a signature has 64 bytes"},
        {"UPDATE bus_event SET signed = replace(signed, 'alice', 'mally') WHERE seq = 1600", 1600,
         "altered", 1, "its text or signature is not what"},
        {"DELETE FROM bus_event WHERE seq = 1600", 1600, "removed", 1},
    };
    publish_at_once(self->log, "a.b", 1500);
    publish_at_once(self->log, "a.b", 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        tamper(self, &cases[i]);
    expect_clean(self, EVENTS + 1503);
}

/* Whoever can write hashes still cannot make a place in a batch for another text. */
static void test_forged_batch(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    publish_at_once(self->log, "a.b", 100);
    g_autoptr(BusEvent) event = bus_log_find_seq(self->log, EVENTS + 50, &error);
    g_autoptr(BusEvent) other = bus_log_find_seq(self->log, EVENTS + 51, &error);
    uint8_t hash[BASE_SHA256_BYTES];
    bus_hash_leaf(self->log->sha256, event->signed_text, &other->signature, hash);
    BaseDbStatement *statement = base_db_prepare(
        self->db, "UPDATE bus_event SET signature = ?1, hash = ?2 WHERE seq = ?3", &error);
    base_db_bind_blob(statement, 1, other->signature.bytes, other->signature.size_bytes);
    base_db_bind_blob(statement, 2, hash, sizeof hash);
    base_db_bind_int(statement, 3, (int64_t)event->seq);
    g_assert_true(base_db_run(statement, NULL, &error));
    g_autoptr(BusVerification) result = verify(self, NULL);
    const BusFinding *finding = result->findings->pdata[0];
    g_assert_cmpstr(finding->kind, ==, "forged");
    g_assert_cmpuint(finding->seq, ==, EVENTS + 50);
}

/* The tables say that the key may, the events do not. */
static void test_denied(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *state = make_state(self->dir, "b");
    Fixture other = {0};
    open_state(&other, state);
    char public_hex[65];
    bus_keys_public(other.log, public_hex);
    close_state(&other);
    g_assert_true(
        bus_keys_add(self->log, public_hex, (const char *const[]){"x.*", NULL}, "me", &error));
    BusLog *second = bus_log_open(self->db, state, &error);
    g_assert_no_error(error);
    publish(second, "x.y", 2);
    BusDraft draft = {.topic = "y.z", .actor = "me"};
    g_assert_false(bus_publish(second, &draft, NULL, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_DENIED);
    g_clear_error(&error);
    expect_clean(self, EVENTS + 4);
    g_autofree char *sql =
        g_strdup_printf("INSERT INTO bus_grant VALUES ('key:%s', '*', 9)", bus_log_get_key(second));
    run_sql(self, sql);
    bus_log_close(second);
    second = bus_log_open(self->db, state, &error);
    g_assert_true(bus_publish(second, &draft, NULL, &error));
    bus_log_close(second);
    g_autoptr(BusVerification) result = verify(self, NULL);
    g_assert_cmpuint(result->findings->len, ==, 1);
    const BusFinding *finding = result->findings->pdata[0];
    g_assert_cmpstr(finding->kind, ==, "denied");
    g_assert_cmpuint(finding->seq, ==, EVENTS + 5);
    g_assert_nonnull(strstr(finding->message, "y.z"));
}

static void test_rotation(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *state = g_build_filename(self->dir, "a", NULL);
    g_autofree char *old = g_strdup(bus_log_get_key(self->log));
    BusLog *second = bus_log_open(self->db, state, &error);
    g_assert_true(bus_keys_rotate(self->log, "me", &error));
    g_assert_cmpstr(bus_log_get_key(self->log), !=, old);
    publish(self->log, "a.b", 3);
    /* one that was open all the time takes the new key */
    publish(second, "a.b", 3);
    g_assert_cmpstr(bus_log_get_key(second), ==, bus_log_get_key(self->log));
    bus_log_close(second);
    expect_clean(self, EVENTS + 8);
    g_assert_true(bus_keys_grant(self->log, "person:*", "a.*", "me", &error));
    BusDraft draft = {.topic = "b.c", .actor = "person:bob"};
    g_assert_false(bus_publish(self->log, &draft, NULL, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_DENIED);
    g_clear_error(&error);
    draft.topic = "a.c";
    g_assert_true(bus_publish(self->log, &draft, NULL, &error));
    g_assert_true(bus_keys_ungrant(self->log, "person:*", "a.*", "me", &error));
    g_assert_false(bus_keys_ungrant(self->log, "person:*", "a.*", "me", &error));
    expect_clean(self, EVENTS + 11);
}

/* Killed between the event and the file's rename: the next open ends it. */
static void test_rotation_cut_short(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *state = g_build_filename(self->dir, "a", NULL);
    g_autofree char *keys = g_build_filename(state, "keys", NULL);
    g_autofree char *file = g_build_filename(keys, "bus.key", NULL);
    g_autofree char *next = g_build_filename(keys, "bus.key.next", NULL);
    g_autoptr(GBytes) before = base_fd_read_file(AT_FDCWD, file, 256, &error);
    g_assert_true(bus_keys_rotate(self->log, "me", &error));
    g_autoptr(GBytes) after = base_fd_read_file(AT_FDCWD, file, 256, &error);
    g_autofree char *key = g_strdup(bus_log_get_key(self->log));
    g_assert_true(base_fd_replace_file(AT_FDCWD, next, g_bytes_get_data(after, NULL),
                                       g_bytes_get_size(after), 0600, 0, &error));
    g_assert_true(base_fd_replace_file(AT_FDCWD, file, g_bytes_get_data(before, NULL),
                                       g_bytes_get_size(before), 0600, 0, &error));
    close_state(self);
    open_state(self, state);
    g_assert_cmpstr(bus_log_get_key(self->log), ==, key);
    publish(self->log, "a.b", 1);
    expect_clean(self, EVENTS + 3);
}

static void test_fork(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BusSignedHead) head = bus_signed_head_make(self->log, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) saved = g_ptr_array_new();
    g_ptr_array_add(saved, head);
    /* another history of the same key: the database of before, and other events */
    g_autofree char *state = make_state(self->dir, "fork");
    g_autofree char *keys = make_state(state, "keys");
    g_autofree char *key = g_build_filename(self->dir, "a/keys/bus.key", NULL);
    g_autofree char *copy = g_build_filename(keys, "bus.key", NULL);
    g_autoptr(GBytes) seed = base_fd_read_file(AT_FDCWD, key, 256, &error);
    g_assert_true(base_fd_replace_file(AT_FDCWD, copy, g_bytes_get_data(seed, NULL),
                                       g_bytes_get_size(seed), 0600, 0, &error));
    Fixture fork = {0};
    open_state(&fork, state);
    publish(fork.log, "org.atoll.prod.other", EVENTS + 10);
    expect_clean(&fork, EVENTS + 11);
    g_autoptr(BusVerification) result = verify(&fork, saved);
    g_assert_cmpuint(result->findings->len, ==, 1);
    g_assert_cmpstr(((BusFinding *)result->findings->pdata[0])->kind, ==, "forked");
    g_assert_null(bus_proof_consistency(fork.log, head, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_BROKEN);
    close_state(&fork);
    g_autoptr(BusVerification) own = verify(self, saved);
    g_assert_cmpuint(own->findings->len, ==, 0);
}

static int64_t fixed_clock(void)
{
    return INT64_C(1000000000) * G_USEC_PER_SEC;
}

/* The log's own time stands still until the clock has caught up, and one event says so. */
static void test_clock(Fixture *self, const void *data)
{
    bus_log_set_clock(self->log, fixed_clock);
    publish(self->log, "a.b", 3);
    g_autoptr(GPtrArray) events = bus_log_read(self->log, EVENTS + 1, 10, NULL);
    g_assert_cmpuint(events->len, ==, 4);
    g_assert_cmpstr(((BusEvent *)events->pdata[0])->topic, ==, BUS_TOPIC_OWN "clock.set-back");
    expect_clean(self, EVENTS + 5);
}

static void test_retention(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    uint64_t bodies = 0;
    g_autofree char *text = g_strnfill(100000, 'x');
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "x", text);
    for (unsigned i = 0; i < 2; i++) {
        BusDraft draft = {.topic = i == 0 ? "a.big" : "b.big", .actor = "x", .body = body};
        g_assert_true(bus_publish(self->log, &draft, NULL, &error));
    }
    publish(self->log, "org.atoll.prod.a.keep", 100);
    g_assert_true(bus_retention_set(self->log, "org.atoll.prod.a.*", 1, "me", &error));
    g_assert_true(bus_retention_set(self->log, "org.atoll.prod.a.keep", 1000, "me", &error));
    g_assert_true(bus_retention_set(self->log, "a.big", 1, "me", &error));
    g_assert_true(bus_retention_run(self->log, "me", NULL, &bodies, &error));
    g_assert_cmpuint(bodies, ==, 0);
    run_sql(self, "UPDATE bus_retention SET days = days - 2");
    g_assert_true(bus_retention_run(self->log, "me", NULL, &bodies, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(bodies, ==, EVENTS + 1);
    g_autoptr(BusVerification) result = verify(self, NULL);
    g_assert_cmpuint(result->findings->len, ==, 0);
    g_assert_cmpuint(result->n_bodies_gone, ==, EVENTS + 1);
    /* the file is the other event's too */
    g_autoptr(BusEvent) event = bus_log_find_seq(self->log, EVENTS + 3, &error);
    g_assert_cmpuint(strlen(event->body), >, 100000);
    g_assert_true(bus_retention_set(self->log, "b.big", 1, "me", &error));
    run_sql(self, "UPDATE bus_retention SET days = -1 WHERE topics = 'b.big'");
    g_assert_true(bus_retention_run(self->log, "me", NULL, &bodies, &error));
    g_assert_cmpuint(bodies, ==, 1);
    g_autofree char *dir = g_build_filename(self->dir, "a/bus/blobs/sha256", NULL);
    g_autoptr(GDir) blobs = g_dir_open(dir, 0, &error);
    g_autofree char *sub = g_build_filename(dir, g_dir_read_name(blobs), NULL);
    g_autoptr(GDir) files = g_dir_open(sub, 0, &error);
    g_assert_null(g_dir_read_name(files));
}

static void test_proofs(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    char hex[65];
    uint8_t key[32];
    bus_keys_public(self->log, hex);
    g_assert_true(bus_signed_read_hex(hex, key, sizeof key));
    g_autoptr(BusSignedHead) old = bus_signed_head_make(self->log, &error);
    publish_at_once(self->log, "a.b", 300);
    for (unsigned i = 0; i < 5; i++) {
        g_autoptr(JsonObject) proof =
            i < 4
                ? bus_proof_inclusion(self->log, (const uint64_t[]){1, 256, 1024, 1801}[i], &error)
                : bus_proof_consistency(self->log, old, &error);
        g_assert_no_error(error);
        g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), proof);
        g_autofree char *text = json_to_string(node, TRUE);
        g_autofree char *summary = NULL;
        g_assert_true(bus_proof_check(text, strlen(text), key, &summary, &error));
        g_assert_no_error(error);
        /* a digit of a hash changed */
        char *path = strstr(strstr(text, "\"path\""), "\"") + 12;
        path += strcspn(path, "\"") + 5;
        *path = *path == '0' ? '1' : '0';
        g_autofree char *none = NULL;
        g_assert_false(bus_proof_check(text, strlen(text), key, &none, &error));
        g_assert_error(error, BUS_ERROR, BUS_ERROR_BROKEN);
        g_clear_error(&error);
        *path = *path == '0' ? '1' : '0';
        key[3] ^= 1;
        g_assert_false(bus_proof_check(text, strlen(text), key, &none, &error));
        key[3] ^= 1;
        g_clear_error(&error);
    }
}

static void test_dump(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    BusDumpCounts counts = {0};
    g_assert_true(bus_keys_rotate(self->log, "me", &error));
    publish(self->log, "a.b", 5);
    publish_at_once(self->log, "a.b", 150);
    g_autoptr(GPtrArray) events = bus_log_read(self->log, 0, 10000, &error);
    g_autoptr(GString) dump = g_string_new(NULL);
    for (guint i = 0; i < events->len; i++) {
        g_autofree char *line = bus_dump_print(events->pdata[i], &error);
        g_string_append(dump, line);
    }
    g_autofree char *state = make_state(self->dir, "copy");
    Fixture copy = {0};
    open_state(&copy, state);
    for (unsigned round = 0; round < 2; round++) {
        FILE *in = fmemopen(dump->str, dump->len, "r");
        bool ok = bus_dump_import(copy.log, in, "dump", "me", NULL, &counts, &error);
        g_assert_no_error(error);
        g_assert_true(ok);
        g_assert_cmpuint(round == 0 ? counts.restored : counts.known, ==, events->len);
        fclose(in);
    }
    expect_clean(&copy, events->len);
    g_autoptr(GPtrArray) again = bus_log_read(copy.log, 0, 10000, &error);
    for (guint i = 0; i < events->len; i++) {
        g_autofree char *left = bus_dump_print(events->pdata[i], &error);
        g_autofree char *right = bus_dump_print(again->pdata[i], &error);
        g_assert_cmpstr(left, ==, right);
    }
    close_state(&copy);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*func)(Fixture *self, const void *data);
    } tests[] = {
        {"/bus/verify/tampering", test_tampering},
        {"/bus/verify/batches", test_batches},
        {"/bus/verify/forged-batch", test_forged_batch},
        {"/bus/verify/denied", test_denied},
        {"/bus/verify/rotation", test_rotation},
        {"/bus/verify/rotation-cut-short", test_rotation_cut_short},
        {"/bus/verify/fork", test_fork},
        {"/bus/verify/clock", test_clock},
        {"/bus/verify/retention", test_retention},
        {"/bus/verify/proofs", test_proofs},
        {"/bus/verify/dump", test_dump},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].func, tear_down);
    return g_test_run();
}
