/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the text of one file to a layer: every key by its row of the table. Values are taken
 * as they stand; their syntax is checked when variables are replaced (finish.c).
 */
#include "manifest/layer.h"

#include "manifest/check.h"
#include "manifest/keys.h"
#include "manifest/metadata.h"
#include "manifest/records.h"
#include "manifest/repos.h"

typedef struct {
    const BaseYaml *yaml;
    ManifestLayer *layer;
    const ManifestKey *key;
    const char *name; /* as it stands in the file */
} Parse;

static bool parse_string(const Parse *p, const BaseYamlNode *node, GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(p->yaml, node, p->name, &text, error))
        return false;
    char **field = manifest_key_field(p->key, p->layer->values);
    *field = g_strdup(text);
    return true;
}

static bool parse_bool(const Parse *p, const BaseYamlNode *node, GError **error)
{
    bool *field = manifest_key_field(p->key, p->layer->values);
    return base_yaml_get_bool(p->yaml, node, p->name, field, error);
}

/* Puts one item of a list into an array of ManifestString. */
typedef void (*AddFunc)(const Parse *p, const BaseYamlNode *item, GPtrArray *strings);

static void add_whole(const Parse *p, const BaseYamlNode *item, GPtrArray *strings)
{
    g_ptr_array_add(strings, manifest_string_new(item->text, p->yaml, item));
}

static void add_words(const Parse *p, const BaseYamlNode *item, GPtrArray *strings)
{
    g_auto(GStrv) parts = g_strsplit_set(item->text, " \t\n", 0);
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] != '\0')
            g_ptr_array_add(strings, manifest_string_new(parts[i], p->yaml, item));
    }
}

static bool add_items(const Parse *p, const BaseYamlNode *node, AddFunc add, GPtrArray *strings,
                      GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < node->values->len; i++) {
        const BaseYamlNode *item = node->values->pdata[i];
        const char *text = NULL;
        if (!base_yaml_get_string(p->yaml, item, p->name, &text, error))
            return false;
        add(p, item, strings);
    }
    return true;
}

static bool parse_strings(const Parse *p, const BaseYamlNode *node, GError **error)
{
    GPtrArray **field = manifest_key_field(p->key, p->layer->values);
    return add_items(p, node, add_whole, *field, error);
}

static bool parse_words(const Parse *p, const BaseYamlNode *node, GError **error)
{
    GPtrArray **field = manifest_key_field(p->key, p->layer->values);
    return add_items(p, node, add_words, *field, error);
}

static bool parse_arch_words(const Parse *p, const BaseYamlNode *node, GError **error)
{
    if (manifest_key_arch_matches(p->key, p->name))
        return parse_words(p, node, error);
    g_autoptr(ManifestLayer) other = manifest_layer_new();
    Parse unused = *p;
    unused.layer = other;
    return parse_words(&unused, node, error);
}

static bool parse_repos(const Parse *p, const BaseYamlNode *node, GError **error)
{
    return manifest_repos_parse(p->yaml, node, p->layer->values->repos, error);
}

/* Paths are relative to the file that names them. */
static char *beside(const Parse *p, const char *path)
{
    g_autofree char *folder = g_path_get_dirname(p->yaml->name);
    g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
    return g_canonicalize_filename(path, absolute);
}

static bool parse_file(const Parse *p, const BaseYamlNode *node, GError **error)
{
    const char *texts[2] = {NULL, NULL};
    if (node->kind != BASE_YAML_LIST || node->values->len != 2)
        return base_yaml_set_error(p->yaml, node, error,
                                   "‘%s’ wants pairs: [source, target], as in [motd, /etc/motd]",
                                   p->name);
    for (guint i = 0; i < 2; i++) {
        if (!base_yaml_get_string(p->yaml, node->values->pdata[i], p->name, &texts[i], error))
            return false;
    }
    g_autofree char *wrong_source = manifest_check_source_path(texts[0]);
    if (wrong_source != NULL)
        return base_yaml_set_error(p->yaml, node->values->pdata[0], error, "%s", wrong_source);
    g_autofree char *wrong_target = manifest_check_target_path(texts[1]);
    if (wrong_target != NULL)
        return base_yaml_set_error(p->yaml, node->values->pdata[1], error, "%s", wrong_target);
    ManifestFile *file = g_new0(ManifestFile, 1);
    file->source = beside(p, texts[0]);
    file->target = g_canonicalize_filename(texts[1], "/");
    file->place = manifest_place_at(p->yaml, node);
    g_ptr_array_add(p->layer->values->add_files, file);
    return true;
}

static bool parse_files(const Parse *p, const BaseYamlNode *node, GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < node->values->len; i++) {
        if (!parse_file(p, node->values->pdata[i], error))
            return false;
    }
    return true;
}

static bool parse_metadata(const Parse *p, const BaseYamlNode *node, GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_MAPPING, error))
        return false;
    p->layer->values->metadata = manifest_metadata_parse(p->yaml, node, error);
    return p->layer->values->metadata != NULL;
}

static bool parse_variables(const Parse *p, const BaseYamlNode *node, GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_MAPPING, error))
        return false;
    for (guint i = 0; i < node->keys->len; i++) {
        const BaseYamlNode *key = node->keys->pdata[i];
        const BaseYamlNode *value = node->values->pdata[i];
        if (value->kind != BASE_YAML_SCALAR)
            return base_yaml_set_error(p->yaml, value, error,
                                       "variable ‘%s’ must be text, a number or a boolean",
                                       key->text);
        ManifestVariable *variable = g_new0(ManifestVariable, 1);
        variable->name = g_strdup(key->text);
        variable->value = g_strdup(value->text);
        variable->place = manifest_place_at(p->yaml, key);
        g_ptr_array_add(p->layer->variables, variable);
    }
    return true;
}

static bool parse_include(const Parse *p, const BaseYamlNode *node, GError **error)
{
    const char *text = NULL;
    if (node->kind == BASE_YAML_LIST)
        return add_items(p, node, add_whole, p->layer->includes, error);
    if (!base_yaml_get_string(p->yaml, node, p->name, &text, error))
        return false;
    g_ptr_array_add(p->layer->includes, manifest_string_new(text, p->yaml, node));
    return true;
}

typedef bool (*ParseFunc)(const Parse *p, const BaseYamlNode *node, GError **error);

static const ParseFunc parse_funcs[MANIFEST_KEY_N_KINDS] = {
    [MANIFEST_KEY_STRING] = parse_string,         [MANIFEST_KEY_BOOL] = parse_bool,
    [MANIFEST_KEY_STRINGS] = parse_strings,       [MANIFEST_KEY_WORDS] = parse_words,
    [MANIFEST_KEY_ARCH_WORDS] = parse_arch_words, [MANIFEST_KEY_REPOS] = parse_repos,
    [MANIFEST_KEY_FILES] = parse_files,           [MANIFEST_KEY_METADATA] = parse_metadata,
    [MANIFEST_KEY_VARIABLES] = parse_variables,   [MANIFEST_KEY_INCLUDE] = parse_include,
};

static bool parse_key(ManifestLayer *layer, const BaseYaml *yaml, const BaseYamlNode *key_node,
                      const BaseYamlNode *value, GError **error)
{
    const ManifestKey *key = manifest_key_find(key_node->text);
    if (key == NULL) {
        g_autoptr(GPtrArray) names = manifest_key_names();
        return base_yaml_set_unknown_key(yaml, key_node, (const char *const *)names->pdata, error);
    }
    ManifestPlace *place = &layer->places[key - manifest_keys];
    manifest_place_clear(place);
    *place = manifest_place_at(yaml, value);
    const Parse p = {.yaml = yaml, .layer = layer, .key = key, .name = key_node->text};
    return parse_funcs[key->kind](&p, value, error);
}

ManifestLayer *manifest_layer_parse(const char *file, GBytes *bytes, GError **error)
{
    g_autoptr(BaseYaml) yaml = base_yaml_parse(file, bytes, error);
    if (yaml == NULL)
        return NULL;
    if (!base_yaml_check_kind(yaml, yaml->root, "manifest", BASE_YAML_MAPPING, error))
        return NULL;
    g_autoptr(ManifestLayer) layer = manifest_layer_new();
    for (guint i = 0; i < yaml->root->keys->len; i++) {
        if (!parse_key(layer, yaml, yaml->root->keys->pdata[i], yaml->root->values->pdata[i],
                       error))
            return NULL;
    }
    return g_steal_pointer(&layer);
}
