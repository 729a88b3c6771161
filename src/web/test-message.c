/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events in datagrepper's two forms.
 */
#include "web/message.h"

static char *objects[] = {(char *)"rpm:bash",
                          (char *)"user:zoe",
                          (char *)"deb:apt",
                          (char *)"user:alice",
                          (char *)"rpm:bash",
                          (char *)"flatpak:x",
                          NULL};

static const BusEvent event = {
    .seq = 7,
    .body = (char *)"{\"a\":[1,2],\"summary\":\"line\\none\",\"url\":\"https://example.org/\"}",
    .id = (char *)"8f14e45f-ceea-467a-9575-6f5e4e1f5c11",
    .topic = (char *)"org.atoll.prod.compose.tree.done",
    .actor = (char *)"person:alice",
    .key = (char *)"0123456789abcdef",
    .severity = BUS_SEVERITY_WARNING,
    .objects = objects,
    .time_us = 1700000000250000,
};

static char *print(JsonObject *object)
{
    g_autoptr(JsonObject) owned = object;
    g_autoptr(JsonNode) node = json_node_alloc();
    json_node_init_object(node, owned);
    return json_to_string(node, FALSE);
}

static void test_raw(void)
{
    g_autofree char *text = print(web_message_print(&event, WEB_MESSAGE_RAW));
    g_autoptr(JsonNode) node = json_from_string(text, NULL);
    JsonObject *raw = json_node_get_object(node);
    static const char *const members[] = {"msg_id",         "topic",    "timestamp",  "msg",
                                          "headers",        "i",        "crypto",     "signature",
                                          "certificate",    "username", "agent_name", "source_name",
                                          "source_version", "users",    "packages"};
    g_assert_cmpint(json_object_get_size(raw), ==, G_N_ELEMENTS(members));
    for (unsigned i = 0; i < G_N_ELEMENTS(members); i++)
        g_assert_true(json_object_has_member(raw, members[i]));
    g_assert_cmpfloat(json_object_get_double_member(raw, "timestamp"), ==, 1700000000.25);
    g_assert_cmpstr(json_object_get_string_member(raw, "agent_name"), ==, "alice");
    g_assert_nonnull(strstr(text, "\"users\":[\"alice\",\"zoe\"]"));
    g_assert_nonnull(strstr(text, "\"packages\":[\"apt\",\"bash\"]"));
}

static void test_v2(void)
{
    g_autofree char *text = print(web_message_print(&event, WEB_MESSAGE_V2));
    g_assert_cmpstr(
        text, ==,
        "{\"body\":{\"a\":[1,2],\"summary\":\"line\\none\",\"url\":\"https://example.org/\"},"
        "\"headers\":{\"fedora_messaging_schema\":\"base.message\","
        "\"fedora_messaging_severity\":30,\"sent-at\":\"2023-11-14T22:13:20+00:00\","
        "\"fedora_messaging_rpm_bash\":true,\"fedora_messaging_user_zoe\":true,"
        "\"fedora_messaging_user_alice\":true,\"fedora_messaging_flatpak_x\":true},"
        "\"id\":\"8f14e45f-ceea-467a-9575-6f5e4e1f5c11\",\"priority\":0,\"queue\":null,"
        "\"topic\":\"org.atoll.prod.compose.tree.done\"}");
    BusEvent taken = event;
    taken.body = NULL;
    g_autofree char *without = print(web_message_print(&taken, WEB_MESSAGE_V2));
    g_assert_nonnull(strstr(without, "\"body\":null"));
}

static void test_meta(void)
{
    static const char *const wanted[] = {"summary", "date", "packages", "link", "app_icon"};
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(wanted); i++)
        g_ptr_array_add(names, (gpointer)wanted[i]);
    int64_t now_us = event.time_us + (int64_t)3 * 3600 * G_USEC_PER_SEC;
    g_autofree char *text = print(web_message_print_meta(&event, names, now_us));
    g_assert_cmpstr(text, ==,
                    "{\"summary\":\"line one\",\"date\":\"3 hours ago\","
                    "\"packages\":[\"apt\",\"bash\"],\"link\":\"https://example.org/\","
                    "\"app_icon\":null,\"WARNING\":[\"Meta link is deprecated and has been "
                    "replaced by url\"]}");
}

static void test_summary(void)
{
    BusEvent plain = event;
    plain.body = (char *)"{\"summary\":5}";
    g_autofree char *summary = web_message_summary(&plain);
    g_assert_cmpstr(summary, ==, "alice: compose.tree.done rpm:bash user:zoe deb:apt");
    g_assert_cmpstr(web_message_short_topic("a.b"), ==, "a.b");
    g_assert_cmpstr(web_message_short_topic("a.b.c."), ==, "a.b.c.");
    g_autofree char *future = web_message_ago(2000000, 1000000);
    g_assert_cmpstr(future, ==, "just now");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/message/raw", test_raw);
    g_test_add_func("/web/message/v2", test_v2);
    g_test_add_func("/web/message/meta", test_meta);
    g_test_add_func("/web/message/summary", test_summary);
    return g_test_run();
}
