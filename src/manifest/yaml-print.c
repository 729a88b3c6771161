/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON values as YAML that people like to read: block lists and mappings, quotes only where
 * they are needed, scripts as literal blocks.
 */
#include "manifest/yaml-print.h"

#include <stdbool.h>
#include <string.h>

#define INDENT 2

static void add_indent(GString *out, unsigned depth)
{
    for (unsigned i = 0; i < depth * INDENT; i++)
        g_string_append_c(out, ' ');
}

/* A text that no YAML reader could take for something else. */
static bool is_safe(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n",   NULL};
    g_autofree char *lower = g_ascii_strdown(text, -1);
    size_t length = strlen(text);
    if (length == 0 || g_strv_contains(words, lower) ||
        (!g_ascii_isalpha(text[0]) && text[0] != '/'))
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        bool is_inner = p > text && p[1] != '\0';
        if (!g_ascii_isalnum(*p) && strchr("_./+@-", *p) == NULL &&
            !(is_inner && *p == ':' && p[1] != ' ') && !(is_inner && *p == ' ' && p[1] != '#'))
            return false;
    }
    return true;
}

static bool is_literal(const char *text)
{
    size_t length = strlen(text);
    if (strchr(text, '\n') == NULL || text[0] == ' ' || text[0] == '\n' || text[0] == '\t' ||
        !g_str_is_ascii(text) ||
        (length > 1 && text[length - 1] == '\n' && text[length - 2] == '\n'))
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '\n' && *p != '\t' && !g_ascii_isprint(*p))
            return false;
    }
    return true;
}

static void add_literal(GString *out, const char *text, unsigned depth)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (lines[i + 1] == NULL && lines[i][0] == '\0')
            break;
        g_string_append_c(out, '\n');
        if (lines[i][0] != '\0')
            add_indent(out, depth);
        g_string_append(out, lines[i]);
    }
}

static void add_scalar(GString *out, JsonNode *value, unsigned depth, const char *comment)
{
    const char *text =
        json_node_get_value_type(value) == G_TYPE_STRING ? json_node_get_string(value) : NULL;
    bool literal = text != NULL && is_literal(text);
    g_autofree char *json = NULL;
    if (literal)
        g_string_append(out, g_str_has_suffix(text, "\n") ? "|" : "|-");
    else if (text != NULL && is_safe(text))
        g_string_append(out, text);
    else
        g_string_append(out, json = json_to_string(value, FALSE));
    if (comment != NULL)
        g_string_append_printf(out, "  # %s", comment);
    if (literal)
        add_literal(out, text, depth);
    g_string_append_c(out, '\n');
}

void manifest_yaml_add_key(GString *out, const char *name, JsonNode *value)
{
    g_autoptr(JsonNode) key = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(key, name);
    g_autofree char *json =
        is_safe(name) && strchr(name, ':') == NULL ? NULL : json_to_string(key, FALSE);
    g_string_append_printf(out, "%s:", json != NULL ? json : name);
}

static void add_flow(GString *out, JsonNode *value, const char *comment)
{
    g_autofree char *json = json_to_string(value, FALSE);
    g_string_append(out, json);
    if (comment != NULL)
        g_string_append_printf(out, "  # %s", comment);
    g_string_append_c(out, '\n');
}

static void add_members(GString *out, JsonNode *value, unsigned depth)
{
    JsonObjectIter iter;
    const char *name = NULL;
    JsonNode *member = NULL;
    json_object_iter_init_ordered(&iter, json_node_get_object(value));
    while (json_object_iter_next_ordered(&iter, &name, &member)) {
        add_indent(out, depth);
        manifest_yaml_add_key(out, name, member);
        manifest_yaml_add_value(out, member, depth + 1);
    }
}

static bool is_empty(JsonNode *value)
{
    return (JSON_NODE_HOLDS_ARRAY(value) &&
            json_array_get_length(json_node_get_array(value)) == 0) ||
           (JSON_NODE_HOLDS_OBJECT(value) &&
            json_object_get_size(json_node_get_object(value)) == 0);
}

void manifest_yaml_add_value(GString *out, JsonNode *value, unsigned depth)
{
    if (is_empty(value) || JSON_NODE_HOLDS_NULL(value)) {
        g_string_append_c(out, ' ');
        add_flow(out, value, NULL);
    } else if (JSON_NODE_HOLDS_OBJECT(value)) {
        g_string_append_c(out, '\n');
        add_members(out, value, depth);
    } else if (JSON_NODE_HOLDS_ARRAY(value)) {
        JsonArray *items = json_node_get_array(value);
        g_string_append_c(out, '\n');
        for (guint i = 0; i < json_array_get_length(items); i++) {
            JsonNode *item = json_array_get_element(items, i);
            add_indent(out, depth);
            g_string_append(out, "- ");
            if (JSON_NODE_HOLDS_VALUE(item))
                add_scalar(out, item, depth + 1, NULL);
            else
                add_flow(out, item, NULL);
        }
    } else {
        g_string_append_c(out, ' ');
        add_scalar(out, value, depth, NULL);
    }
}

/* The first member stands beside the dash, and the comment above it. */
static void add_object_item(GString *out, JsonNode *value, const char *comment)
{
    g_autoptr(GString) members = g_string_new(NULL);
    add_members(members, value, 2);
    add_indent(out, 1);
    g_string_append_printf(out, "# %s\n", comment);
    add_indent(out, 1);
    g_string_append_printf(out, "- %s", members->str + 2 * INDENT);
}

void manifest_yaml_add_item(GString *out, JsonNode *value, const char *comment)
{
    if (JSON_NODE_HOLDS_OBJECT(value) && !is_empty(value)) {
        add_object_item(out, value, comment);
        return;
    }
    add_indent(out, 1);
    g_string_append(out, "- ");
    if (JSON_NODE_HOLDS_VALUE(value))
        add_scalar(out, value, 2, comment);
    else
        add_flow(out, value, comment);
}
