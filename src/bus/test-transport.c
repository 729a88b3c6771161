/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"
#include "bus/canonical.h"
#include "bus/transport.h"
#include "bus/transports/fedmsg.h"
#include "bus/transports/fedora.h"

#include <fcntl.h>
#include <string.h>

static BusEvent *make_event(const char *body)
{
    BusEvent *event = g_new0(BusEvent, 1);
    const char *objects[] = {"user:alice", "rpm:kernel", "commit:abc", NULL};
    event->seq = 7;
    event->id = g_strdup("0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0");
    event->topic = g_strdup("org.atoll.prod.compose.tree.done");
    event->actor = g_strdup("service:compose");
    event->severity = BUS_SEVERITY_WARNING;
    event->objects = g_strdupv((char **)objects);
    event->body = g_strdup(body);
    event->time_us = INT64_C(1700000000) * G_USEC_PER_SEC;
    return event;
}

/* What Python 3.11 prints for the same text: json.dumps(json.loads(…), sort_keys=True,
 * separators=(",", ":")). */
static void test_python(void)
{
    static const char *const cases[][2] = {
        {"{\"b\":1,\"a\":[true,false,null]}", "{\"a\":[true,false,null],\"b\":1}"},
        {"[1.5,0.1,100.0,1e16,1.5e-7,123456789012345.6,1e-4]",
         "[1.5,0.1,100.0,1e+16,1.5e-07,123456789012345.6,0.0001]"},
        {"[1e22,1.2345e+30,-2.5]", "[1e+22,1.2345e+30,-2.5]"},
        {"[\"a\\u00e9\\u20ac\\ud83d\\ude00\\u007f\"]",
         "[\"a\\u00e9\\u20ac\\ud83d\\ude00\\u007f\"]"},
        {"[\"\\b\\f\\n\\r\\t\\\"\\\\/\\u001f\"]", "[\"\\b\\f\\n\\r\\t\\\"\\\\/\\u001f\"]"},
        {"{\"\\u20ac\":1,\"z\":2,\"\\ud83d\\ude00\":3,\"Z\":4}",
         "{\"Z\":4,\"z\":2,\"\\u20ac\":1,\"\\ud83d\\ude00\":3}"},
        {"{}", "{}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(JsonNode) node = bus_canonical_parse(cases[i][0], strlen(cases[i][0]), NULL);
        g_autoptr(GString) out = g_string_new(NULL);
        g_assert_nonnull(node);
        bus_fedmsg_dumps(node, out);
        g_assert_cmpstr(out->str, ==, cases[i][1]);
    }
}

static void test_ids(void)
{
    static const char uuid[] = "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0";
    g_autofree char *same = bus_transport_event_id(uuid);
    g_autofree char *of_year = bus_transport_event_id("2026-0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0");
    g_autofree char *upper = bus_transport_event_id("0B1C2D3E-4F50-4162-8374-95A6B7C8D9E0");
    g_autofree char *one = bus_transport_event_id("build 4711");
    g_autofree char *again = bus_transport_event_id("build 4711");
    g_autofree char *other = bus_transport_event_id("build 4712");
    g_autofree char *random = bus_transport_event_id("");
    g_assert_cmpstr(same, ==, uuid);
    g_assert_cmpstr(of_year, ==, uuid);
    g_assert_cmpstr(upper, ==, uuid);
    g_assert_cmpstr(one, ==, again);
    g_assert_cmpstr(one, !=, other);
    g_assert_true(g_uuid_string_is_valid(one));
    g_assert_true(g_uuid_string_is_valid(random));
    g_assert_cmpuint(strlen(one), ==, BUS_ID_CHARS);
}

static void test_mask(void)
{
    static const char *const cases[][2] = {
        {"amqp://user:geheim@host/v", "amqp://user:***@host/v"},
        {"amqp://user:ge/h@im@host/v", "amqp://user:***@host/v"},
        {"amqp://user@host", "amqp://user@host"},
        {"amqp://host:5672/", "amqp://host:5672/"},
        {"user:geheim@host", "user:***@host"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *masked = bus_transport_mask_url(cases[i][0]);
        g_assert_cmpstr(masked, ==, cases[i][1]);
    }
}

static void test_fedora_round_trip(void)
{
    g_autoptr(BusEvent) event = make_event("{\"name\":\"käse\"}");
    amqp_pool_t pool;
    init_amqp_pool(&pool, 4096);
    amqp_basic_properties_t properties;
    bus_fedora_properties(event, &pool, &properties);
    /* as it stands on the wire */
    char wire[4096];
    size_t offset = 0;
    amqp_bytes_t encoded = {.len = sizeof wire, .bytes = wire};
    g_assert_cmpint(amqp_encode_table(encoded, &properties.headers, &offset), ==, AMQP_STATUS_OK);
    encoded.len = offset;
    offset = 0;
    g_assert_cmpint(amqp_decode_table(encoded, &pool, &properties.headers, &offset), ==,
                    AMQP_STATUS_OK);
    g_autoptr(BusMessage) message = bus_fedora_message(
        amqp_cstring_bytes(event->topic), &properties, amqp_cstring_bytes(event->body));
    empty_amqp_pool(&pool);
    const char *objects[] = {"user:alice", "rpm:kernel", NULL};
    g_assert_null(message->bad);
    g_assert_cmpstr(message->id, ==, event->id);
    g_assert_cmpstr(message->topic, ==, event->topic);
    g_assert_cmpint(message->severity, ==, BUS_SEVERITY_WARNING);
    g_assert_null(message->schema);
    g_assert_null(message->actor);
    g_assert_cmpint(message->time_us, ==, event->time_us);
    g_assert_true(g_strv_equal((const char *const *)message->objects, objects));
    g_assert_cmpstr(json_object_get_string_member(message->body, "name"), ==, "käse");
}

static void test_fedora_bad(void)
{
    static const struct {
        const char *topic;
        const char *body;
        const char *reason;
    } cases[] = {
        {"a.b", "[]", "not a JSON object"},
        {"a.b", "{\"a\":1,\"a\":2}", "second"},
        {"a.b", "{\"a\":\"\xff\"}", "UTF-8"},
        {"a.b", "", "JSON"},
        {"a b\n", "{}", ""},
        {"\xff", "{}", "UTF-8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        amqp_basic_properties_t properties = {0};
        g_autoptr(BusMessage) message = bus_fedora_message(
            amqp_cstring_bytes(cases[i].topic), &properties, amqp_cstring_bytes(cases[i].body));
        g_assert_nonnull(message->bad);
        g_test_message("%s", message->bad);
        g_assert_null(message->body);
        g_assert_nonnull(message->raw);
    }
}

/*
 * Keys: a directory with an authority and two certificates of it
 */
typedef struct {
    char *dir;
} Keys;

static void run(const char *dir, const char *command)
{
    g_autofree char *line = g_strdup_printf("cd '%s' && exec 2>/dev/null && %s", dir, command);
    const char *argv[] = {"/bin/sh", "-ec", line, NULL};
    int status = -1;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                               &status, NULL));
    g_assert_cmpint(status, ==, 0);
}

static void set_up(Keys *keys, gconstpointer data)
{
    keys->dir = g_dir_make_tmp("bus-XXXXXX", NULL);
    run(keys->dir, "for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
                   "-subj /CN=$ca -keyout $ca.key -out $ca.crt; done; "
                   "openssl req -newkey rsa:2048 -nodes -subj /O=atoll/CN=shell.example.org "
                   "-keyout us.key -out us.csr; "
                   "openssl x509 -req -in us.csr -CA ca.crt -CAkey ca.key -days 2 -out us.crt");
    run(keys->dir, "printf '%s' '{\"org.atoll.prod.compose.tree.done\":[\"shell.example.org\"],"
                   "\"org.atoll.prod.secret\":[\"nobody\"]}' > policy.json");
}

static void tear_down(Keys *keys, gconstpointer data)
{
    g_assert_true(base_fd_remove_tree(AT_FDCWD, keys->dir, NULL));
    g_free(keys->dir);
}

static char *path_of(Keys *keys, const char *name)
{
    return g_build_filename(keys->dir, name, NULL);
}

static BusFedmsgVerifier *load_verifier(Keys *keys, const char *ca, bool nitpicky)
{
    g_autofree char *ca_path = path_of(keys, ca);
    g_autofree char *policy = path_of(keys, "policy.json");
    g_autoptr(GError) error = NULL;
    BusFedmsgVerifier *verifier = bus_fedmsg_verifier_load(ca_path, NULL, policy, nitpicky, &error);
    g_assert_no_error(error);
    return verifier;
}

static char *sign_event(Keys *keys, const BusEvent *event)
{
    g_autofree char *cert = path_of(keys, "us.crt");
    g_autofree char *key = path_of(keys, "us.key");
    g_autoptr(GError) error = NULL;
    g_autoptr(BusFedmsgSigner) signer = bus_fedmsg_signer_load(cert, key, &error);
    g_assert_no_error(error);
    char *text = bus_fedmsg_print(event, signer, &error);
    g_assert_no_error(error);
    return text;
}

static void assert_bad(BusFedmsgVerifier *verifier, const char *topic, const char *text,
                       const char *reason)
{
    g_autoptr(BusMessage) message =
        bus_fedmsg_parse(topic, strlen(topic), text, strlen(text), verifier);
    g_assert_nonnull(message->bad);
    if (strstr(message->bad, reason) == NULL)
        g_error("‘%s’ does not say ‘%s’", message->bad, reason);
}

static char *replace(const char *text, const char *from, const char *to)
{
    g_auto(GStrv) parts = g_strsplit(text, from, 2);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    return g_strjoinv(to, parts);
}

static void test_fedmsg(Keys *keys, gconstpointer data)
{
    g_autoptr(BusEvent) event = make_event("{\"name\":\"k\xc3\xa4se\",\"size\":1.5e-7}");
    g_autofree char *text = sign_event(keys, event);
    g_autoptr(BusFedmsgVerifier) verifier = load_verifier(keys, "ca.crt", true);
    g_autoptr(BusMessage) message =
        bus_fedmsg_parse(event->topic, strlen(event->topic), text, strlen(text), verifier);
    g_assert_cmpstr(message->bad, ==, NULL);
    g_assert_cmpstr(message->id, ==, event->id);
    g_assert_cmpstr(message->actor, ==, "x509:shell.example.org");
    g_assert_cmpuint(message->position, ==, 7);
    g_assert_cmpint(message->time_us, ==, event->time_us);

    g_autofree char *forged = replace(text, "1.5e-07", "1.5e-06");
    assert_bad(verifier, event->topic, forged, "forged");
    assert_bad(verifier, "org.atoll.prod.other", text, "frame's topic");
    g_autofree char *bare = bus_fedmsg_print(event, NULL, NULL);
    assert_bad(verifier, event->topic, bare, "no signature");
    assert_bad(verifier, event->topic, "{\"topic\":", "");
    g_autoptr(BusFedmsgVerifier) stranger = load_verifier(keys, "other.crt", false);
    assert_bad(stranger, event->topic, text, "not to be trusted");
}

static void test_fedmsg_policy(Keys *keys, gconstpointer data)
{
    g_autoptr(BusFedmsgVerifier) verifier = load_verifier(keys, "ca.crt", true);
    g_autoptr(BusFedmsgVerifier) lenient = load_verifier(keys, "ca.crt", false);
    g_autoptr(BusEvent) event = make_event("{}");
    g_free(event->topic);
    event->topic = g_strdup("org.atoll.prod.secret");
    g_autofree char *text = sign_event(keys, event);
    assert_bad(verifier, event->topic, text, "may not send");
    g_free(event->topic);
    event->topic = g_strdup("org.atoll.prod.unlisted");
    g_autofree char *unlisted = sign_event(keys, event);
    assert_bad(verifier, event->topic, unlisted, "does not list");
    g_autoptr(BusMessage) message =
        bus_fedmsg_parse(event->topic, strlen(event->topic), unlisted, strlen(unlisted), lenient);
    g_assert_cmpstr(message->bad, ==, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/transport/python", test_python);
    g_test_add_func("/bus/transport/ids", test_ids);
    g_test_add_func("/bus/transport/mask", test_mask);
    g_test_add_func("/bus/transport/fedora-round-trip", test_fedora_round_trip);
    g_test_add_func("/bus/transport/fedora-bad", test_fedora_bad);
    g_test_add("/bus/transport/fedmsg", Keys, NULL, set_up, test_fedmsg, tear_down);
    g_test_add("/bus/transport/fedmsg-policy", Keys, NULL, set_up, test_fedmsg_policy, tear_down);
    return g_test_run();
}
