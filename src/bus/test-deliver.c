/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/delivery/deliver-target.h"
#include "bus/delivery/notify.h"
#include "bus/delivery/webhook.h"

#include <string.h>

static BusEvent *make_event(const char *topic, const char *actor, BusSeverity severity)
{
    BusEvent *event = g_new0(BusEvent, 1);
    const char *objects[] = {"deb:bash", "commit:abc", NULL};
    event->seq = 7;
    event->id = g_strdup("0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0");
    event->topic = g_strdup(topic);
    event->actor = g_strdup(actor);
    event->severity = severity;
    event->objects = g_strdupv((char **)objects);
    event->body = g_strdup("{\"a\":1}");
    event->time_us = INT64_C(1700000000) * G_USEC_PER_SEC;
    event->logged_us = event->time_us;
    return event;
}

static void test_rules(void)
{
    static const struct {
        const char *topics[2];
        const char *objects[2];
        const char *exclude[2];
        unsigned severity;
        int64_t muted_until_us;
        bool wanted;
    } cases[] = {
        {.wanted = true},
        {.topics = {"org.atoll.*.tree.*"}, .wanted = true},
        {.topics = {"org.atoll.*.image.*"}, .wanted = false},
        {.objects = {"deb:bash"}, .wanted = true},
        {.objects = {"deb:*"}, .wanted = true},
        {.objects = {"deb:zsh"}, .wanted = false},
        {.exclude = {"person:alice"}, .wanted = false},
        {.exclude = {"person:bob"}, .wanted = true},
        {.severity = BUS_SEVERITY_WARNING, .wanted = true},
        {.severity = BUS_SEVERITY_ERROR, .wanted = false},
        {.muted_until_us = INT64_C(1700000000) * G_USEC_PER_SEC, .wanted = true},
        {.muted_until_us = INT64_C(1700000000) * G_USEC_PER_SEC + 1, .wanted = false},
    };
    g_autoptr(BusEvent) event =
        make_event("org.atoll.prod.compose.tree.done", "person:alice", BUS_SEVERITY_WARNING);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        BusNotify rule = {
            .topics = (char **)cases[i].topics,
            .objects = (char **)cases[i].objects,
            .exclude = (char **)cases[i].exclude,
            .severity_min = cases[i].severity,
            .muted_until_us = cases[i].muted_until_us,
        };
        if (bus_notify_matches(&rule, event) != cases[i].wanted)
            g_error("case %zu", i);
    }
}

static void test_to(void)
{
    static const char *const bad[] = {"mail:nobody",
                                      "mail:a@b\r\nRCPT TO:<c@d>",
                                      "mail:<a@b>",
                                      "mail:@b",
                                      "webhook:ftp://example.org/",
                                      "webhook:",
                                      "pigeon:x",
                                      "feed:x"};
    g_autoptr(BusNotify) rule = g_new0(BusNotify, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(bus_notify_parse_to(rule, bad[i], &error));
        g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
    }
    g_assert_true(bus_notify_parse_to(rule, "webhook:https://u:p@example.org/x", NULL));
    g_autofree char *to = bus_notify_to(rule);
    g_assert_cmpstr(to, ==, "webhook:https://u:***@example.org/x");
}

/* RFC 2202 and RFC 4231, test case 2 */
static void test_signature(void)
{
    char secret[] = "Jefe";
    BusWebhook hook = {.secret = secret};
    g_auto(GStrv) headers = bus_webhook_headers(&hook, "https://atoll.example.org", "a.b", "id",
                                                "what do ya want for nothing?");
    g_assert_true(g_strv_contains((const char *const *)headers,
                                  "X-Pagure-Signature: effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
    g_assert_true(
        g_strv_contains((const char *const *)headers,
                        "X-Pagure-Signature-256: "
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    g_assert_true(g_strv_contains((const char *const *)headers, "X-Pagure-Topic: a.b"));
    g_assert_true(
        g_strv_contains((const char *const *)headers, "X-Pagure: https://atoll.example.org"));
}

static void test_private(void)
{
    static const struct {
        const char *address;
        bool is_private;
    } cases[] = {
        {"127.0.0.1", true},       {"10.1.2.3", true},
        {"172.16.0.1", true},      {"192.168.1.1", true},
        {"169.254.1.1", true},     {"100.64.0.1", true},
        {"0.0.0.0", true},         {"0.1.2.3", true},
        {"224.0.0.1", true},       {"::1", true},
        {"fd00::1", true},         {"fe80::1", true},
        {"::ffff:10.0.0.1", true}, {"::", true},
        {"192.0.2.1", false},      {"100.128.0.1", false},
        {"2001:db8::1", false},    {"::ffff:192.0.2.1", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(cases[i].address);
        if (bus_webhook_is_private(address) != cases[i].is_private)
            g_error("%s", cases[i].address);
    }
}

static void test_payload(void)
{
    g_autoptr(BusEvent) event = make_event("a.b", "person:\"alice\"", BUS_SEVERITY_INFO);
    g_autofree char *payload = bus_webhook_payload(event);
    g_assert_cmpstr(payload, ==,
                    "{\"actor\":\"person:\\\"alice\\\"\",\"i\":7,\"msg\":{\"a\":1},"
                    "\"msg_id\":\"2023-0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0\","
                    "\"objects\":[\"deb:bash\",\"commit:abc\"],\"seq\":7,\"severity\":20,"
                    "\"timestamp\":1700000000,\"topic\":\"a.b\"}");
}

static void test_mail(void)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    char name[] = "r";
    char address[] = "alice@example.org";
    BusNotify rule = {.name = name, .address = address};
    g_ptr_array_add(events, make_event("a.b", "person:käthe\nBcc: x", BUS_SEVERITY_INFO));
    g_autofree char *mail = bus_notify_mail(&rule, events, "atoll@example.org", NULL);
    g_autofree char *again = bus_notify_mail(&rule, events, "atoll@example.org", NULL);
    g_assert_cmpstr(mail, ==, again);
    g_assert_null(strstr(mail, "\nBcc"));
    g_assert_nonnull(strstr(mail, "\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    g_auto(GStrv) lines = g_strsplit(mail, "\r\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_assert_cmpuint(strlen(lines[i]), <=, 998);
        g_assert_null(strchr(lines[i], '\n'));
        for (const char *c = lines[i]; *c != '\0'; c++)
            g_assert_true(*c >= ' ' && *c <= '~');
    }
}

static void test_waits(void)
{
    g_assert_cmpuint(bus_deliver_target_wait_ms(1000, 0, 0), ==, 1000);
    g_assert_cmpuint(bus_deliver_target_wait_ms(1000, 3, 0), ==, 8000);
    g_assert_cmpuint(bus_deliver_target_wait_ms(1000, 3, 255), ==, 6000);
    g_assert_cmpuint(bus_deliver_target_wait_ms(1000, 99, 0), ==, 60 * 60 * 1000);
    g_assert_cmpuint(bus_deliver_target_wait_ms(0, 0, 0), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/deliver/rules", test_rules);
    g_test_add_func("/bus/deliver/to", test_to);
    g_test_add_func("/bus/deliver/signature", test_signature);
    g_test_add_func("/bus/deliver/private", test_private);
    g_test_add_func("/bus/deliver/payload", test_payload);
    g_test_add_func("/bus/deliver/mail", test_mail);
    g_test_add_func("/bus/deliver/waits", test_waits);
    return g_test_run();
}
