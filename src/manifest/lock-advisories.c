/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The advisories of a lock: those that its packages are the mending of. They are in it so that a
 * locked compose says the same of them on any day.
 */
#include "manifest/lock-advisories.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_ADVISORIES 20000

static const char *const severities[] = {"none", "low", "moderate", "important", "critical"};

uint32_t manifest_lock_severity_parse(const char *text)
{
    for (uint32_t i = 1; i < G_N_ELEMENTS(severities); i++)
        if (g_ascii_strcasecmp(text, severities[i]) == 0)
            return i;
    return 0;
}

/* --- reading --- */

static bool get_text(const BaseYaml *yaml, const BaseYamlNode *node, const char *name,
                     const char **out_text, GError **error)
{
    const BaseYamlNode *value = base_yaml_find(node, name);
    if (value == NULL)
        return base_yaml_set_error(yaml, node, error, "‘%s’ is missing", name);
    return base_yaml_get_string(yaml, value, name, out_text, error);
}

static const BaseYamlNode *get_list(const BaseYaml *yaml, const BaseYamlNode *node,
                                    const char *name, GError **error)
{
    const BaseYamlNode *list = base_yaml_find(node, name);
    if (list == NULL) {
        (void)base_yaml_set_error(yaml, node, error, "‘%s’ is missing", name);
        return NULL;
    }
    if (!base_yaml_check_kind(yaml, list, name, BASE_YAML_LIST, error))
        return NULL;
    if (list->values->len <= MAX_ADVISORIES)
        return list;
    (void)base_yaml_set_error(yaml, list, error, "more than %d items", MAX_ADVISORIES);
    return NULL;
}

static GVariant *read_packages(const BaseYaml *yaml, const BaseYamlNode *list, GError **error)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("as"));
    for (guint i = 0; i < list->values->len; i++) {
        const char *text = NULL;
        if (!base_yaml_get_string(yaml, list->values->pdata[i], "packages", &text, error))
            return NULL;
        g_variant_builder_add(&builder, "s", text);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static GVariant *read_references(const BaseYaml *yaml, const BaseYamlNode *list, GError **error)
{
    static const char *const known[] = {"url", "title", NULL};
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ss)"));
    for (guint i = 0; i < list->values->len; i++) {
        const BaseYamlNode *node = list->values->pdata[i];
        const char *url = NULL;
        const char *title = NULL;
        if (!base_yaml_check_kind(yaml, node, "references", BASE_YAML_MAPPING, error) ||
            !base_yaml_check_keys(yaml, node, known, error) ||
            !get_text(yaml, node, "url", &url, error) ||
            !get_text(yaml, node, "title", &title, error))
            return NULL;
        g_variant_builder_add(&builder, "(ss)", url, title);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static bool check_severity(const BaseYaml *yaml, const BaseYamlNode *node, const char *text,
                           GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(severities); i++)
        if (g_strcmp0(text, severities[i]) == 0)
            return true;
    return base_yaml_set_error(yaml, base_yaml_find(node, "severity"), error,
                               "‘%s’ is no severity; it is none, low, moderate, important or "
                               "critical",
                               text);
}

static bool take_one(const BaseYaml *yaml, const BaseYamlNode *node, GVariantBuilder *builder,
                     GError **error)
{
    static const char *const known[] = {"id", "severity", "packages", "references", NULL};
    const char *id = NULL;
    const char *severity = NULL;
    if (!base_yaml_check_kind(yaml, node, "advisories", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, node, known, error) ||
        !get_text(yaml, node, "id", &id, error) ||
        !get_text(yaml, node, "severity", &severity, error) ||
        !check_severity(yaml, node, severity, error))
        return false;
    const BaseYamlNode *packages = get_list(yaml, node, "packages", error);
    const BaseYamlNode *references =
        packages != NULL ? get_list(yaml, node, "references", error) : NULL;
    if (references == NULL)
        return false;
    g_autoptr(GVariant) names = read_packages(yaml, packages, error);
    g_autoptr(GVariant) links = names != NULL ? read_references(yaml, references, error) : NULL;
    if (links == NULL)
        return false;
    g_autoptr(GVariantDict) more = g_variant_dict_new(NULL);
    g_variant_dict_insert_value(more, "cve_references", links);
    g_variant_builder_add(builder, "(suu@as@a{sv})", id, MANIFEST_LOCK_ADVISORY_SECURITY,
                          manifest_lock_severity_parse(severity), names, g_variant_dict_end(more));
    return true;
}

bool manifest_lock_advisories_take(const BaseYaml *yaml, GVariant **out_advisories, GError **error)
{
    if (base_yaml_find(yaml->root, "advisories") == NULL)
        return true;
    const BaseYamlNode *list = get_list(yaml, yaml->root, "advisories", error);
    if (list == NULL)
        return false;
    g_auto(GVariantBuilder) builder =
        G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE(MANIFEST_LOCK_ADVISORIES_TYPE));
    for (guint i = 0; i < list->values->len; i++)
        if (!take_one(yaml, list->values->pdata[i], &builder, error))
            return false;
    *out_advisories = g_variant_ref_sink(g_variant_builder_end(&builder));
    return true;
}

/* --- writing --- */

static void add_json(GString *out, const char *before, const char *text)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_VALUE);
    json_node_set_string(node, text);
    g_autofree char *json = json_to_string(node, FALSE);
    g_string_append_printf(out, "%s%s", before, json);
}

static void add_one(GString *out, GVariant *advisory)
{
    const char *id = NULL;
    uint32_t kind = 0;
    uint32_t severity = 0;
    g_autofree const char **packages = NULL;
    g_autoptr(GVariant) more = NULL;
    g_variant_get(advisory, "(&suu^a&s@a{sv})", &id, &kind, &severity, &packages, &more);
    add_json(out, "\n    {\"id\":", id);
    add_json(out, ",\"severity\":",
             severity < G_N_ELEMENTS(severities) ? severities[severity] : severities[0]);
    g_string_append(out, ",\"packages\":[");
    for (size_t i = 0; packages[i] != NULL; i++)
        add_json(out, i == 0 ? "" : ",", packages[i]);
    g_string_append(out, "],\"references\":[");
    g_autoptr(GVariant) links =
        g_variant_lookup_value(more, "cve_references", G_VARIANT_TYPE("a(ss)"));
    for (gsize i = 0; links != NULL && i < g_variant_n_children(links); i++) {
        const char *url = NULL;
        const char *title = NULL;
        g_variant_get_child(links, i, "(&s&s)", &url, &title);
        add_json(out, i == 0 ? "{\"url\":" : ",{\"url\":", url);
        add_json(out, ",\"title\":", title);
        g_string_append_c(out, '}');
    }
    g_string_append(out, "]}");
}

void manifest_lock_advisories_print(GString *out, GVariant *advisories)
{
    gsize n_advisories = advisories != NULL ? g_variant_n_children(advisories) : 0;
    if (n_advisories == 0)
        return;
    g_string_append(out, ",\n  \"advisories\": [");
    for (gsize i = 0; i < n_advisories; i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(advisories, i);
        if (i > 0)
            g_string_append_c(out, ',');
        add_one(out, one);
    }
    g_string_append(out, "\n  ]");
}
