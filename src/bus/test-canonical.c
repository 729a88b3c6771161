/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/canonical.h"
#include "bus/event.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static char *canonical(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = bus_canonical_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    GString *out = g_string_new(NULL);
    g_assert_true(bus_canonical_print_node(node, out, &error));
    return g_string_free(out, FALSE);
}

/* RFC 8785, 3.2.2 to 3.2.4 and appendix B */
static void test_vectors(void)
{
    static const char *const cases[][2] = {
        {"{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"
         "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
         "\"literals\":[null,true,false]}",
         "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
         "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
        {"{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet "
         "With Dagesh\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":"
         "\"Control\",\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
         "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"ö\":\"Latin Small "
         "Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning "
         "Face\",\"\xef\xac\xb3\":"
         "\"Hebrew Letter Dalet With Dagesh\"}"},
        {"[5e-324,-5e-324,1.7976931348623157e308,9007199254740992.0,295147905179352830000]",
         "[5e-324,-5e-324,1.7976931348623157e+308,9007199254740992,295147905179352830000]"},
        {"[9.999999999999997e22,1e23,1.0000000000000001e23,999999999999999700000.0]",
         "[9.999999999999997e+22,1e+23,1.0000000000000001e+23,999999999999999700000]"},
        {"[1e21,9.999999999999997e-7,0.000001,333333333.3333332,333333333.33333325]",
         "[1e+21,9.999999999999997e-7,0.000001,333333333.3333332,333333333.33333325]"},
        {"[-0.0,-0,0,-1,5.684341886080802e-14,1424953923781206.2]",
         "[0,0,0,-1,5.684341886080802e-14,1424953923781206.2]"},
        {"{}", "{}"},
        {" [ ] ", "[]"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = canonical(cases[i][0]);
        g_assert_cmpstr(out, ==, cases[i][1]);
        g_autofree char *again = canonical(out);
        g_assert_cmpstr(again, ==, out);
    }
}

static void test_refused(void)
{
    static const char *const cases[] = {
        "",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":1}x",
        "{\"a\"}",
        "{a:1}",
        "[1,]",
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "[1e999]",
        "[9007199254740993]",
        "[NaN]",
        "[\"\\ud800\"]",
        "[\"\\udc00x\"]",
        "[\"\\u0000\"]",
        "[\"\\x\"]",
        "[\"\n\"]",
        "[\"\xff\"]",
        "[\"\xed\xa0\x80\"]",
        "[\"\xc0\xaf\"]",
        "[\"open",
        "nul",
        "'x'",
        "[1 2]",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) node = bus_canonical_parse(cases[i], strlen(cases[i]), &error);
        g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
        g_assert_null(node);
    }
}

static void test_depth(void)
{
    g_autofree char *text = g_strnfill(20000, '[');
    g_autoptr(GError) error = NULL;
    memset(text + 10000, ']', 10000);
    g_assert_null(bus_canonical_parse(text, 20000, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE);
    g_clear_error(&error);
    g_autoptr(JsonNode) node =
        bus_canonical_parse(text + 10000 - BUS_JSON_MAX_DEPTH, 2 * BUS_JSON_MAX_DEPTH, &error);
    g_assert_no_error(error);
}

/* A tree that was not parsed here gets the same checks. */
static void test_print_refuses(void)
{
    g_autoptr(JsonObject) object = json_object_new();
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    json_object_set_double_member(object, "a", (double)INFINITY);
    g_assert_false(bus_canonical_print(object, out, &error));
    g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
    g_clear_error(&error);
    json_object_set_int_member(object, "a", G_MAXINT64);
    g_assert_false(bus_canonical_print(object, out, &error));
    g_clear_error(&error);
    json_object_set_string_member(object, "a", "\xff");
    g_assert_false(bus_canonical_print(object, out, &error));
}

/* Random doubles come back bit for bit, and no shorter text would do. */
static void test_numbers(void)
{
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
        double value = 0;
        memcpy(&value, &bits, sizeof value);
        if (value != value || value - value != 0)
            continue;
        g_autoptr(GString) out = g_string_new(NULL);
        bus_canonical_append_number(out, value);
        g_assert_true(g_ascii_strtod(out->str, NULL) == value);
    }
}

/* What is taken for canonical is; and texts as programs print them are taken. */
static void test_is_object(void)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {"{}", true},
        {"{\"a\":1,\"b\":[\"x\",null,true,false,{},[]],\"c\":{\"d\":-5,\"e\":0}}", true},
        {"{\"a\":\"ö\\n\\\"\\\\\"}", true},
        {"{\"\":1,\"a\":2,\"aa\":3,\"b\":4}", true},
        {"{\"a\":999999999999999}", true},
        {"", false},
        {"[]", false},
        {" {}", false},
        {"{} ", false},
        {"{\"a\": 1}", false},
        {"{\"b\":1,\"a\":2}", false},
        {"{\"aa\":1,\"a\":2}", false},
        {"{\"a\":1,\"a\":2}", false},
        {"{\"a\":1,}", false},
        {"{\"a\":01}", false},
        {"{\"a\":-0}", false},
        {"{\"a\":-}", false},
        {"{\"a\":1.0}", false},
        {"{\"a\":1e3}", false},
        {"{\"a\":9007199254740993}", false},
        {"{\"a\":\"\\/\"}", false},
        {"{\"a\":\"\\u0041\"}", false},
        {"{\"a\":\"\xff\"}", false},
        {"{\"a\":\"\t\"}", false},
        {"{\"a\":\"", false},
        {"{\"a\":\"\\", false},
        {"{\"a", false},
        {"{\"a\":tru", false},
        {"{\"a\":[1", false},
        {"{\"a\":}", false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(bus_canonical_is_object(cases[i].text), ==, cases[i].is);
        if (cases[i].is) {
            g_autofree char *again = canonical(cases[i].text);
            g_assert_cmpstr(again, ==, cases[i].text);
        }
    }
    g_autoptr(GString) deep = g_string_new("{\"a\":");
    for (unsigned i = 0; i < 100000; i++)
        g_string_append_c(deep, '[');
    g_assert_false(bus_canonical_is_object(deep->str));
}

/* What JSON-GLib would print cannot be read again; strings and other numbers stay as they are. */
static void test_large_numbers(void)
{
    static const char text[] = "{\"a\":[1e21,-0.5e300,1e17,1.5,\"1e+21.0\\\"e.0\"],\"e.0\":true}";
    g_autofree char *wanted = canonical(text);
    g_autoptr(JsonNode) node = bus_canonical_parse(text, strlen(text), NULL);
    for (int indented = 0; indented < 2; indented++) {
        g_autofree char *printed = bus_json_print(node, indented != 0);
        g_autofree char *again = canonical(printed);
        g_assert_cmpstr(again, ==, wanted);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/canonical/vectors", test_vectors);
    g_test_add_func("/bus/canonical/refused", test_refused);
    g_test_add_func("/bus/canonical/depth", test_depth);
    g_test_add_func("/bus/canonical/print-refuses", test_print_refuses);
    g_test_add_func("/bus/canonical/numbers", test_numbers);
    g_test_add_func("/bus/canonical/is-object", test_is_object);
    g_test_add_func("/bus/canonical/large-numbers", test_large_numbers);
    return g_test_run();
}
