/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The key "add-commit-metadata": any mapping, as the GVariant that goes into a commit.
 * Members are sorted, so that the same text gives the same bytes.
 */
#include "manifest/metadata.h"

#include <errno.h>
#include <string.h>

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* @members: name → GVariant */
static GVariant *sorted_dict(GHashTable *members)
{
    guint n_names = 0;
    g_autofree char **names = (char **)g_hash_table_get_keys_as_array(members, &n_names);
    if (n_names > 0)
        qsort(names, n_names, sizeof *names, compare_names);
    GVariantBuilder builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    for (guint i = 0; i < n_names; i++)
        g_variant_builder_add(&builder, "{sv}", names[i], g_hash_table_lookup(members, names[i]));
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static GHashTable *new_members(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
}

static GVariant *parse_scalar(const BaseYamlNode *node)
{
    if (base_yaml_is_bool(node))
        return g_variant_ref_sink(g_variant_new_boolean(node->text[0] == 't'));
    gint64 number = 0;
    if (node->is_plain &&
        g_ascii_string_to_signed(node->text, 10, G_MININT64, G_MAXINT64, &number, NULL)) {
        /* "007" and "+1" mean themselves, not a number. */
        g_autofree char *again = g_strdup_printf("%" G_GINT64_FORMAT, number);
        if (strcmp(again, node->text) == 0)
            return g_variant_ref_sink(g_variant_new_int64(number));
    }
    return g_variant_ref_sink(g_variant_new_string(node->text));
}

static GVariant *parse_value(const BaseYaml *yaml, const BaseYamlNode *node, GError **error);

static GVariant *parse_list(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("av"));
    for (guint i = 0; i < node->values->len; i++) {
        g_autoptr(GVariant) item = parse_value(yaml, node->values->pdata[i], error);
        if (item == NULL)
            return NULL;
        g_variant_builder_add(&builder, "v", item);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static GVariant *parse_value(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    switch (node->kind) {
    case BASE_YAML_SCALAR:
        return parse_scalar(node);
    case BASE_YAML_LIST:
        return parse_list(yaml, node, error);
    case BASE_YAML_MAPPING:
        return manifest_metadata_parse(yaml, node, error);
    case BASE_YAML_NULL:
        break;
    }
    base_yaml_set_error(yaml, node, error, "the value is missing; for no text write \"\"");
    return NULL;
}

GVariant *manifest_metadata_parse(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    g_autoptr(GHashTable) members = new_members();
    for (guint i = 0; i < node->keys->len; i++) {
        const BaseYamlNode *key = node->keys->pdata[i];
        GVariant *value = parse_value(yaml, node->values->pdata[i], error);
        if (value == NULL)
            return NULL;
        g_hash_table_replace(members, g_strdup(key->text), value);
    }
    return sorted_dict(members);
}

static void put_members(GHashTable *members, GVariant *dict)
{
    GVariantIter iter;
    const char *name = NULL;
    GVariant *value = NULL;
    g_variant_iter_init(&iter, dict);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value))
        g_hash_table_replace(members, g_strdup(name), value);
}

GVariant *manifest_metadata_merge(GVariant *winner, GVariant *other)
{
    g_autoptr(GHashTable) members = new_members();
    put_members(members, other);
    put_members(members, winner);
    return sorted_dict(members);
}

static GVariant *map_list(GVariant *list, ManifestMetadataMap map, gpointer user_data,
                          GError **error);

static GVariant *map_value(GVariant *value, ManifestMetadataMap map, gpointer user_data,
                           GError **error)
{
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARDICT))
        return manifest_metadata_map(value, map, user_data, error);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE("av")))
        return map_list(value, map, user_data, error);
    if (!g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
        return g_variant_ref(value);
    char *text = map(g_variant_get_string(value, NULL), user_data, error);
    return text == NULL ? NULL : g_variant_ref_sink(g_variant_new_take_string(text));
}

static GVariant *map_list(GVariant *list, ManifestMetadataMap map, gpointer user_data,
                          GError **error)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("av"));
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) item = NULL;
        g_variant_get_child(list, i, "v", &item);
        g_autoptr(GVariant) mapped = map_value(item, map, user_data, error);
        if (mapped == NULL)
            return NULL;
        g_variant_builder_add(&builder, "v", mapped);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

GVariant *manifest_metadata_map(GVariant *metadata, ManifestMetadataMap map, gpointer user_data,
                                GError **error)
{
    g_autoptr(GHashTable) members = new_members();
    for (gsize i = 0; i < g_variant_n_children(metadata); i++) {
        const char *name = NULL;
        g_autoptr(GVariant) value = NULL;
        g_variant_get_child(metadata, i, "{&sv}", &name, &value);
        GVariant *mapped = map_value(value, map, user_data, error);
        if (mapped == NULL)
            return NULL;
        g_hash_table_replace(members, g_strdup(name), mapped);
    }
    return sorted_dict(members);
}
