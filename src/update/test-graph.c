/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Graphs, hosts and what is to be chosen: tests/data/graph, one case a file.
 */
#include "update/graph.h"

#include <json-glib/json-glib.h>
#include <string.h>

static const char *const kind_names[] = {
    [UPDATE_CHOICE_NONE] = "none",       [UPDATE_CHOICE_TARGET] = "target",
    [UPDATE_CHOICE_DEADEND] = "deadend", [UPDATE_CHOICE_UNKNOWN] = "unknown",
    [UPDATE_CHOICE_BLOCKED] = "blocked",
};

/* A list of texts, borrowed; never %NULL. */
static GPtrArray *texts(JsonObject *object, const char *key)
{
    GPtrArray *list = g_ptr_array_new();
    if (json_object_has_member(object, key)) {
        JsonArray *array = json_object_get_array_member(object, key);
        for (guint i = 0; i < json_array_get_length(array); i++)
            g_ptr_array_add(list, (char *)json_array_get_string_element(array, i));
    }
    g_ptr_array_add(list, NULL);
    return list;
}

static void check_choice(const UpdateGraph *graph, JsonObject *host, JsonObject *expect)
{
    g_autoptr(GPtrArray) present = texts(host, "present");
    g_autoptr(GPtrArray) blocked = texts(host, "blocked");
    UpdateHost who = {
        .booted = json_object_get_string_member(host, "booted"),
        .present = (const char *const *)present->pdata,
        .blocked = (const char *const *)blocked->pdata,
        .allow_downgrade =
            json_object_get_boolean_member_with_default(host, "allow_downgrade", FALSE),
    };
    UpdateChoice choice = update_graph_choose(graph, &who);
    g_assert_cmpstr(kind_names[choice.kind], ==, json_object_get_string_member(expect, "kind"));
    if (json_object_has_member(expect, "version"))
        g_assert_cmpstr(choice.target->version, ==,
                        json_object_get_string_member(expect, "version"));
    else
        g_assert_null(choice.target);
    if (json_object_has_member(expect, "barrier"))
        g_assert_cmpstr(choice.target->barrier, ==,
                        json_object_get_string_member(expect, "barrier"));
    if (json_object_has_member(expect, "deadend"))
        g_assert_cmpstr(choice.booted->deadend, ==,
                        json_object_get_string_member(expect, "deadend"));
}

static void test_case(const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_file(parser, data, &error));
    JsonObject *all = json_node_get_object(json_parser_get_root(parser));
    g_autofree char *text = json_to_string(json_object_get_member(all, "graph"), FALSE);
    g_autoptr(UpdateGraph) graph = update_graph_parse(text, strlen(text), &error);
    if (json_object_has_member(all, "error")) {
        g_assert_error(error, UPDATE_ERROR, UPDATE_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, json_object_get_string_member(all, "error")));
        g_assert_null(graph);
        return;
    }
    g_assert_no_error(error);
    check_choice(graph, json_object_get_object_member(all, "host"),
                 json_object_get_object_member(all, "expect"));
}

static void test_not_json(void)
{
    static const char *const rows[] = {"", "[]", "{", "null", "{\"nodes\": {}}"};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(update_graph_parse(rows[i], strlen(rows[i]), &error));
        g_assert_error(error, UPDATE_ERROR, UPDATE_ERROR_INVALID);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/graph/not-json", test_not_json);
    g_autoptr(GDir) dir = g_dir_open(argv[1], 0, NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *test = g_strconcat("/graph/", name, NULL);
        g_ptr_array_add(paths, g_build_filename(argv[1], name, NULL));
        g_test_add_data_func(test, paths->pdata[paths->len - 1], test_case);
    }
    g_assert_cmpuint(paths->len, >, 0);
    return g_test_run();
}
