/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the text of one file to a layer: every key by its row of the table. Values are taken
 * as they stand; their syntax is checked when variables are replaced (finish.c).
 */
#include "manifest/layer.h"

#include "manifest/check.h"
#include "manifest/metadata.h"
#include "manifest/parse-private.h"
#include "manifest/records.h"
#include "manifest/repos.h"

#include <string.h>

typedef ManifestParse Parse;

static bool parse_string(const Parse *p, const BaseYamlNode *node, GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(p->yaml, node, p->name, &text, error))
        return false;
    char **field = manifest_key_field(p->key, p->layer->values);
    g_free(*field);
    *field = g_strdup(text);
    if (field == &p->layer->values->releasever)
        p->layer->values->releasever_is_plain = node->is_plain;
    return true;
}

static bool parse_number(const Parse *p, const BaseYamlNode *node, GError **error)
{
    const char *text = NULL;
    uint64_t number = 0;
    if (!base_yaml_get_string(p->yaml, node, p->name, &text, error))
        return false;
    if (!g_ascii_string_to_unsigned(text, 10, 0, 1, &number, NULL))
        return base_yaml_set_error(p->yaml, node, error, "‘%s’ is 0 or 1, not ‘%s’", p->name, text);
    *(unsigned *)manifest_key_field(p->key, p->layer->values) = (unsigned)number;
    return true;
}

static bool parse_file_name(const Parse *p, const BaseYamlNode *node, GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(p->yaml, node, p->name, &text, error))
        return false;
    if (text[0] == '\0')
        return base_yaml_set_error(p->yaml, node, error, "‘%s’ names no file", p->name);
    char **field = manifest_key_field(p->key, p->layer->values);
    g_free(*field);
    *field = manifest_parse_beside(p, text);
    return true;
}

/* Why it has no effect is the row's description. */
static bool parse_noted(const Parse *p, const BaseYamlNode *node, GError **error)
{
    g_auto(ManifestPlace) place = manifest_place_at(p->yaml, node);
    manifest_note(p->layer->values->notes, &place, "‘%s’ has no effect: %s", p->name, p->key->doc);
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

/* As rpm-ostree: what stands in single quotes is one word ('podman >= 4.1'). */
static void add_words(const Parse *p, const BaseYamlNode *item, GPtrArray *strings)
{
    const char *rest = item->text;
    while (*(rest += strspn(rest, " \t\n")) != '\0') {
        const char *end = *rest == '\'' ? strchr(rest + 1, '\'') : NULL;
        bool is_quoted = end != NULL;
        if (!is_quoted)
            end = rest + strcspn(rest, " \t\n");
        g_autofree char *word = is_quoted ? g_strndup(rest + 1, (gsize)(end - rest - 1))
                                          : g_strndup(rest, (gsize)(end - rest));
        g_ptr_array_add(strings, manifest_string_new(word, p->yaml, item));
        rest = is_quoted ? end + 1 : end;
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

bool manifest_parse_words(const ManifestParse *p, const BaseYamlNode *node, GPtrArray *strings,
                          GError **error)
{
    return add_items(p, node, add_words, strings, error);
}

static bool parse_words(const Parse *p, const BaseYamlNode *node, GError **error)
{
    GPtrArray **field = manifest_key_field(p->key, p->layer->values);
    return manifest_parse_words(p, node, *field, error);
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
char *manifest_parse_beside(const Parse *p, const char *path)
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
    file->source = manifest_parse_beside(p, texts[0]);
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
    GVariant **field = manifest_key_field(p->key, p->layer->values);
    GVariant *metadata = manifest_metadata_parse(p->yaml, node, error);
    if (metadata == NULL)
        return false;
    g_clear_pointer(field, g_variant_unref);
    *field = metadata;
    return true;
}

static bool add_pairs(const Parse *p, const BaseYamlNode *node, GPtrArray *pairs, GError **error)
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
        variable->is_plain = value->is_plain;
        variable->place = manifest_place_at(p->yaml, key);
        g_ptr_array_add(pairs, variable);
    }
    return true;
}

static bool parse_variables(const Parse *p, const BaseYamlNode *node, GError **error)
{
    return add_pairs(p, node, p->layer->variables, error);
}

static bool parse_pairs(const Parse *p, const BaseYamlNode *node, GError **error)
{
    return add_pairs(p, node, *(GPtrArray **)manifest_key_field(p->key, p->layer->values), error);
}

static const ManifestParseFunc parse_funcs[MANIFEST_KEY_N_KINDS] = {
    [MANIFEST_KEY_STRING] = parse_string,
    [MANIFEST_KEY_BOOL] = parse_bool,
    [MANIFEST_KEY_STRINGS] = parse_strings,
    [MANIFEST_KEY_WORDS] = parse_words,
    [MANIFEST_KEY_ARCH_WORDS] = parse_arch_words,
    [MANIFEST_KEY_OLD_WORDS] = parse_words,
    [MANIFEST_KEY_REPOS] = parse_repos,
    [MANIFEST_KEY_FILES] = parse_files,
    [MANIFEST_KEY_METADATA] = parse_metadata,
    [MANIFEST_KEY_NUMBER] = parse_number,
    [MANIFEST_KEY_FILE] = parse_file_name,
    [MANIFEST_KEY_PAIRS] = parse_pairs,
    [MANIFEST_KEY_IDS] = manifest_parse_ids,
    [MANIFEST_KEY_PATTERNS] = manifest_parse_patterns,
    [MANIFEST_KEY_REPO_PACKAGES] = manifest_parse_repo_packages,
    [MANIFEST_KEY_MODULES] = manifest_parse_modules,
    [MANIFEST_KEY_NOTED] = parse_noted,
    [MANIFEST_KEY_VARIABLES] = parse_variables,
    [MANIFEST_KEY_INCLUDE] = manifest_parse_include,
    [MANIFEST_KEY_ARCH_INCLUDE] = manifest_parse_arch_include,
    [MANIFEST_KEY_CONDITIONAL_INCLUDE] = manifest_parse_conditional_include,
};

static void set_place(ManifestLayer *layer, const ManifestKey *key, const BaseYaml *yaml,
                      const BaseYamlNode *value)
{
    ManifestPlace *place = &layer->places[key - manifest_keys];
    manifest_place_clear(place);
    *place = manifest_place_at(yaml, value);
    /* these put their words into the field of another key, which merging has to see as set */
    if (key->kind == MANIFEST_KEY_ARCH_WORDS || key->kind == MANIFEST_KEY_OLD_WORDS)
        set_place(layer, manifest_key_find("packages"), yaml, value);
}

static bool parse_key(ManifestLayer *layer, const BaseYaml *yaml, const BaseYamlNode *key_node,
                      const BaseYamlNode *value, GError **error)
{
    const ManifestKey *key = manifest_key_find(key_node->text);
    if (key == NULL) {
        g_autoptr(GPtrArray) names = manifest_key_names();
        return base_yaml_set_unknown_key(yaml, key_node, (const char *const *)names->pdata, error);
    }
    /* "boot_location" is "boot-location": then both cannot stand beside each other */
    if (layer->places[key - manifest_keys].file != NULL && strcmp(key->name, "packages") != 0 &&
        key->kind != MANIFEST_KEY_ARCH_WORDS)
        return base_yaml_set_error(yaml, key_node, error, "‘%s’ and ‘%s’ are the same; say one",
                                   key_node->text, key->name);
    set_place(layer, key, yaml, value);
    const Parse p = {.yaml = yaml, .layer = layer, .key = key, .name = key_node->text};
    return parse_funcs[key->kind](&p, value, error);
}

bool manifest_parse_keys(const BaseYaml *yaml, const BaseYamlNode *node, ManifestLayer *layer,
                         GError **error)
{
    if (!base_yaml_check_kind(yaml, node, "manifest", BASE_YAML_MAPPING, error))
        return false;
    for (guint i = 0; i < node->keys->len; i++) {
        if (!parse_key(layer, yaml, node->keys->pdata[i], node->values->pdata[i], error))
            return false;
    }
    return true;
}

static void sort_includes(GPtrArray *includes)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    for (unsigned order = 0; order < MANIFEST_INCLUDE_N_ORDERS; order++) {
        for (guint i = 0; i < includes->len; i++) {
            if (((const ManifestInclude *)includes->pdata[i])->order == order)
                g_ptr_array_add(sorted, includes->pdata[i]);
        }
    }
    for (guint i = 0; i < sorted->len; i++)
        includes->pdata[i] = sorted->pdata[i];
}

ManifestLayer *manifest_layer_parse(const char *file, GBytes *bytes, GError **error)
{
    g_autoptr(BaseYaml) yaml = base_yaml_parse(file, bytes, error);
    if (yaml == NULL)
        return NULL;
    g_autoptr(ManifestLayer) layer = manifest_layer_new();
    if (!manifest_parse_keys(yaml, yaml->root, layer, error))
        return NULL;
    sort_includes(layer->includes);
    return g_steal_pointer(&layer);
}
