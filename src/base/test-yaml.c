/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of base/yaml: places, caps, errors.
 */
#include "base/yaml.h"

#include "base/error.h"

#include <string.h>

static BaseYaml *parse(const char *text, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    return base_yaml_parse("f.yaml", bytes, error);
}

static void test_places(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseYaml) yaml =
        parse("a: 1\nlist:\n  - x\n  - \"true\"\nnone:\nyes: true\n", &error);
    g_assert_no_error(error);
    const BaseYamlNode *list = base_yaml_find(yaml->root, "list");
    const BaseYamlNode *second = list->values->pdata[1];
    g_assert_cmpuint(second->line, ==, 4);
    g_assert_cmpuint(second->column, ==, 5);
    const char *text = NULL;
    g_assert_true(base_yaml_get_string(yaml, second, "list", &text, &error));
    g_assert_cmpstr(text, ==, "true");
    bool value = false;
    g_assert_true(
        base_yaml_get_bool(yaml, base_yaml_find(yaml->root, "yes"), "yes", &value, &error));
    g_assert_true(value);
    g_assert_cmpint(base_yaml_find(yaml->root, "none")->kind, ==, BASE_YAML_NULL);
    g_assert_null(base_yaml_find(yaml->root, "missing"));
}

static void test_json(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseYaml) yaml = parse("{\"a\": [1, \"\\u00e9\", {\"b\": null}]}", &error);
    g_assert_no_error(error);
    const BaseYamlNode *list = base_yaml_find(yaml->root, "a");
    g_assert_cmpstr(((BaseYamlNode *)list->values->pdata[1])->text, ==, "é");
}

static void test_alias(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseYaml) yaml = parse("a: &x [1, 2]\nb: *x\n", &error);
    g_assert_no_error(error);
    g_assert_true(base_yaml_find(yaml->root, "a") == base_yaml_find(yaml->root, "b"));
}

static char *repeated(const char *text, size_t times)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < times; i++)
        g_string_append(out, text);
    return g_string_free(out, FALSE);
}

static char *laughs(void)
{
    GString *out = g_string_new("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++) {
        g_string_append_printf(out, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            g_string_append_printf(out, "*a%d,", i - 1);
        g_string_append(out, "]\n");
    }
    return g_string_free(out, FALSE);
}

static void test_errors(void)
{
    g_autofree char *deep = repeated("[", 1000);
    g_autofree char *billion = laughs();
    const struct {
        const char *text;
        const char *message; /* the start of it */
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: key ‘a’ stands twice; the first is on line 1"},
        {"", "f.yaml:1:1: the file is empty"},
        {"# only a comment\n", "f.yaml:1:1: the file is empty"},
        {"a: *none\n", "f.yaml:1:"},
        {"a: &x [*x]\n", "f.yaml:1:"},
        {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document starts"},
        {"a: [1, 2\nb: 3\n", "f.yaml:3:1: flow sequence without a closing bracket"},
        {"a:\n\t- b\n", "f.yaml:2:"},
        {"[1]: 2\n", "f.yaml:1:1: a key must be text"},
        {"a: \"\\xff\n", "f.yaml:"},
        {"ok: 1\nb: \xff\xfe\n", "f.yaml:2:4: no UTF-8 text"},
        {deep, "f.yaml:1:33: more than 32 levels deep"},
        {billion, "f.yaml:"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BaseYaml) yaml = parse(cases[i].text, &error);
        g_assert_null(yaml);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_test_message("%s", error->message);
        if (!g_str_has_prefix(error->message, cases[i].message))
            g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_too_large(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strnfill(BASE_YAML_MAX_BYTES + 1, '#');
    g_assert_null(parse(text, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void test_types(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseYaml) yaml = parse("a: true\nb: yes\nc: [1]\npakages: 1\n", &error);
    g_assert_no_error(error);
    const char *text = NULL;
    bool value = false;
    g_assert_false(base_yaml_get_string(yaml, base_yaml_find(yaml->root, "a"), "a", &text, &error));
    g_assert_cmpstr(error->message, ==,
                    "f.yaml:1:4: ‘a’ must be text, not a boolean; for the word, write \"true\"");
    g_clear_error(&error);
    g_assert_false(base_yaml_get_bool(yaml, base_yaml_find(yaml->root, "b"), "b", &value, &error));
    g_assert_cmpstr(error->message, ==, "f.yaml:2:4: ‘b’ must be true or false, not ‘yes’");
    g_clear_error(&error);
    g_assert_false(base_yaml_check_kind(yaml, base_yaml_find(yaml->root, "c"), "c",
                                        BASE_YAML_MAPPING, &error));
    g_assert_cmpstr(error->message, ==, "f.yaml:3:4: ‘c’ must be a mapping, not a list");
    g_clear_error(&error);
    static const char *const known[] = {"a", "b", "c", "packages", NULL};
    g_assert_false(base_yaml_check_keys(yaml, yaml->root, known, &error));
    g_assert_cmpstr(error->message, ==,
                    "f.yaml:4:1: unknown key ‘pakages’; did you mean ‘packages’?");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/yaml/places", test_places);
    g_test_add_func("/base/yaml/json", test_json);
    g_test_add_func("/base/yaml/alias", test_alias);
    g_test_add_func("/base/yaml/errors", test_errors);
    g_test_add_func("/base/yaml/too-large", test_too_large);
    g_test_add_func("/base/yaml/types", test_types);
    return g_test_run();
}
