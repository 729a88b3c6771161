/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Values and their places, against what PyYAML and RFC 8259 say.
 */
#include "provision/error.h"
#include "provision/value.h"

#include <string.h>

static ProvisionValue *parse(const char *text, ProvisionValueSyntax syntax, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    return provision_value_parse("x", bytes, syntax, error);
}

static void expect_print(const char *text, ProvisionValueSyntax syntax, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionValue) value = parse(text, syntax, &error);
    g_assert_no_error(error);
    g_autofree char *printed = provision_value_print(value);
    g_assert_cmpstr(printed, ==, wanted);
}

static void expect_error(const char *text, ProvisionValueSyntax syntax, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionValue) value = parse(text, syntax, &error);
    g_assert_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID);
    g_assert_null(value);
    if (!g_str_has_prefix(error->message, message))
        g_error("‘%s’ where ‘%s’ was expected", error->message, message);
}

static void test_scalars(void)
{
    static const char *const cases[][2] = {
        {"yes", "true"},
        {"Off", "false"},
        {"y", "\"y\""},
        {"'yes'", "\"yes\""},
        {"0644", "420"},
        {"0o644", "\"0o644\""},
        {"'0644'", "\"0644\""},
        {"08", "\"08\""},
        {"1_000", "1000"},
        {"0x1F", "31"},
        {"0b101", "5"},
        {"-12", "-12"},
        {"+12", "12"},
        {"22:30", "1350"},
        {"1:60", "\"1:60\""},
        {"02:30", "\"02:30\""},
        {"9223372036854775808", "9223372036854775808"},
        {"1.5", "1.5"},
        {"1e3", "\"1e3\""},
        {"1.0e+3", "1.0e+3"},
        {".5", "\".5\""},
        {".inf", "\".inf\""},
        {"1.2.3", "\"1.2.3\""},
        {"~", "null"},
        {"NULL", "null"},
        {"''", "\"\""},
        {"!!str 012", "\"012\""},
        {"!!int '12'", "12"},
        {"", "null"},
        {"# nothing\n", "null"},
        {"2001-12-14", "\"2001-12-14\""},
        {"a\\b", "\"a\\\\b\""},
        {"\"\\x07\"", "\"\\u0007\""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i][0]);
        expect_print(cases[i][0], PROVISION_VALUE_YAML_1_1, cases[i][1]);
    }
}

static void test_yaml(void)
{
    expect_print(
        "\xef\xbb\xbf#cloud-config\r\na: 1\r\nb:\r\n  - x\r\n  - |\r\n    l1\r\n    l2\r\n",
        PROVISION_VALUE_YAML_1_1, "{\"a\": 1, \"b\": [\"x\", \"l1\\nl2\\n\"]}");
    expect_print("a: 1\nb: 2\na: 3\nb: 4\na: 5", PROVISION_VALUE_YAML_1_1, "{\"a\": 5, \"b\": 4}");
    expect_print("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [*x, {a: 9, c: 4}]}",
                 PROVISION_VALUE_YAML_1_1,
                 "{\"x\": {\"a\": 1, \"b\": 2}, \"y\": {\"a\": 1, \"b\": 3}, "
                 "\"z\": {\"a\": 1, \"c\": 4, \"b\": 2}}");
    expect_print("{\"a\": [true, null, \"x\"]}", PROVISION_VALUE_YAML_1_1,
                 "{\"a\": [true, null, \"x\"]}");
    expect_print("a: |\n  x\n  y", PROVISION_VALUE_YAML_1_1, "{\"a\": \"x\\ny\"}");
    expect_print("a: |\n  x\n  y\n", PROVISION_VALUE_YAML_1_1, "{\"a\": \"x\\ny\\n\"}");
    expect_print("a: >\n  x\n  y\nb: |-\n  y", PROVISION_VALUE_YAML_1_1,
                 "{\"a\": \"x y\\n\", \"b\": \"y\"}");
    expect_print("8080: x\ntrue: y\n", PROVISION_VALUE_YAML_1_1,
                 "{\"8080\": \"x\", \"true\": \"y\"}");
}

static void test_places(void)
{
    static const char text[] = "users:\n- default\n- name: ü\n  shell: \"ä\"   \nü: {ö: x, y: z}\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionValue) value = parse(text, PROVISION_VALUE_YAML_1_1, &error);
    g_assert_no_error(error);
    const ProvisionValue *shell = provision_value_look_up(value, "users.1.shell");
    g_assert_cmpstr(shell->at.source, ==, "x");
    g_assert_cmpstr(shell->at.key, ==, "users[1].shell");
    g_assert_cmpuint(shell->at.line, ==, 4);
    g_assert_cmpuint(shell->at.column, ==, 10);
    const ProvisionValue *z = provision_value_look_up(value, "ü.y");
    g_assert_cmpuint(z->at.line, ==, 5);
    g_assert_cmpuint(z->at.column, ==, 14);
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    g_autoptr(ProvisionValue) part =
        provision_value_parse_at("x", 17, bytes, PROVISION_VALUE_YAML_1_1, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(provision_value_look_up(part, "users.1.shell")->at.line, ==, 20);
    g_autoptr(ProvisionValue) json =
        parse("{\"ü\": 1,\n \"ä\": {\"b\": [\"é\", 2]}}", PROVISION_VALUE_JSON, &error);
    g_assert_no_error(error);
    const ProvisionValue *two = provision_value_look_up(json, "ä.b.1");
    g_assert_cmpstr(two->at.key, ==, "ä.b[1]");
    g_assert_cmpuint(two->at.line, ==, 2);
    g_assert_cmpuint(two->at.column, ==, 19);
}

static void test_tags(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionValue) value =
        parse("a: !!binary |\n  AAEC\n  /w==\nb: !encrypted c2VjcmV0\n", PROVISION_VALUE_YAML_1_1,
              &error);
    g_assert_no_error(error);
    const ProvisionValue *binary = provision_value_find(value, "a");
    g_assert_nonnull(binary->bytes);
    g_autoptr(GBytes) wanted = g_bytes_new_static("\0\1\2\xff", 4);
    g_assert_true(g_bytes_equal(binary->bytes, wanted));
    g_assert_true(provision_value_find(value, "b")->is_encrypted);
    expect_error("a: !!python/object:os.system x", PROVISION_VALUE_YAML_1_1,
                 "x:1:30: a: unknown tag");
}

static void test_json(void)
{
    expect_print(" {\"a\": [1, -2.5e3, \"\\u00e9\\ud83d\\ude00\\n\"], \"a\": {}} ",
                 PROVISION_VALUE_JSON, "{\"a\": {}}");
    expect_print("[\"\\ud83d\\ude00\"]", PROVISION_VALUE_JSON, "[\"😀\"]");
    static const char *const wrong[] = {
        "",         "{",         "[1,]",  "{\"a\":1,}",     "01",
        "1.",       "+1",        "{a:1}", "\"\\ud83d\"",    "\"\\u0000\"",
        "\"a\nb\"", "[1] 2",     "nul",   "\"\\x\"",        "\"abc",
        "[1 2]",    "{\"a\" 1}", "'a'",   "\xef\xbb\xbf{}", "\"\xff\"",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        expect_error(wrong[i], PROVISION_VALUE_JSON, "x:1:");
}

static char *repeated(const char *part, unsigned n, const char *end)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < n; i++)
        g_string_append(text, part);
    g_string_append(text, end);
    return g_string_free(text, FALSE);
}

static void test_hostile(void)
{
    g_autofree char *deep = repeated("[", 100000, "");
    expect_error(deep, PROVISION_VALUE_JSON, "x:1:65: nested too deep");
    expect_error(deep, PROVISION_VALUE_YAML_1_1, "x:1:65: more than 64 levels");
    g_autofree char *many = repeated("1,", 200001, "1]");
    g_autofree char *list = g_strconcat("[", many, NULL);
    expect_error(list, PROVISION_VALUE_JSON, "x:1:400000: more values");
    expect_error("a: &a [*a]\n", PROVISION_VALUE_YAML_1_1, "x:1:9: nothing is anchored");
    expect_error("a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                 "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
                 "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
                 "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
                 "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]\n",
                 PROVISION_VALUE_YAML_1_1, "x:");
    expect_error("a: b\nü: \xff\n", PROVISION_VALUE_YAML_1_1, "x:2:");
    g_autofree char *large = g_malloc0(32 * 1024 * 1024 + 1);
    memset(large, 'a', 32 * 1024 * 1024);
    expect_error(large, PROVISION_VALUE_YAML_1_1, "x: 33554432 bytes, more than");
    expect_error(large, PROVISION_VALUE_JSON, "x: 33554432 bytes, more than");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/value/scalars", test_scalars);
    g_test_add_func("/value/yaml", test_yaml);
    g_test_add_func("/value/places", test_places);
    g_test_add_func("/value/tags", test_tags);
    g_test_add_func("/value/json", test_json);
    g_test_add_func("/value/hostile", test_hostile);
    return g_test_run();
}
