/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The keys include, arch-include and conditional-include.
 */
#include "manifest/parse-private.h"

#include "manifest/conditions.h"
#include "manifest/records.h"

#include <string.h>

static ManifestInclude *new_include(const GPtrArray *conditions)
{
    ManifestInclude *include = g_new0(ManifestInclude, 1);
    if (conditions != NULL)
        include->conditions = g_ptr_array_ref((GPtrArray *)conditions);
    return include;
}

static bool add_file(const ManifestParse *p, const BaseYamlNode *node, const GPtrArray *conditions,
                     GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(p->yaml, node, p->name, &text, error))
        return false;
    ManifestInclude *include = new_include(conditions);
    include->file = manifest_string_new(text, p->yaml, node);
    include->order = conditions != NULL                          ? MANIFEST_INCLUDE_CONDITIONAL
                     : p->key->kind == MANIFEST_KEY_ARCH_INCLUDE ? MANIFEST_INCLUDE_ARCH
                                                                 : MANIFEST_INCLUDE_PLAIN;
    g_ptr_array_add(p->layer->includes, include);
    return true;
}

/* A file name, or a list of them. */
static bool add_files(const ManifestParse *p, const BaseYamlNode *node, const GPtrArray *conditions,
                      GError **error)
{
    if (node->kind != BASE_YAML_LIST)
        return add_file(p, node, conditions, error);
    for (guint i = 0; i < node->values->len; i++) {
        if (!add_file(p, node->values->pdata[i], conditions, error))
            return false;
    }
    return true;
}

bool manifest_parse_include(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    return add_files(p, node, NULL, error);
}

bool manifest_parse_arch_include(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_MAPPING, error))
        return false;
    g_autoptr(ManifestLayer) others = manifest_layer_new();
    for (guint i = 0; i < node->keys->len; i++) {
        const BaseYamlNode *arch = node->keys->pdata[i];
        ManifestParse one = *p;
        if (!manifest_key_is_arch(arch->text))
            return base_yaml_set_error(p->yaml, arch, error,
                                       "‘%s’ is no architecture that atoll knows; one is named "
                                       "like ‘x86_64’",
                                       arch->text);
        if (!manifest_key_arch_is_ours(arch->text))
            one.layer = others;
        if (!add_files(&one, node->values->pdata[i], NULL, error))
            return false;
    }
    return true;
}

static GPtrArray *parse_conditions(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    g_autoptr(GPtrArray) conditions =
        g_ptr_array_new_with_free_func((GDestroyNotify)manifest_condition_free);
    guint n_items = node->kind == BASE_YAML_LIST ? node->values->len : 1;
    for (guint i = 0; i < n_items; i++) {
        const BaseYamlNode *item =
            node->kind == BASE_YAML_LIST ? node->values->pdata[i] : (gpointer)node;
        ManifestCondition *condition = manifest_condition_parse(p->yaml, item, error);
        if (condition == NULL)
            return NULL;
        g_ptr_array_add(conditions, condition);
    }
    if (conditions->len == 0) {
        base_yaml_set_error(p->yaml, node, error, "‘if’ has no condition");
        return NULL;
    }
    return g_steal_pointer(&conditions);
}

/* What would need a file: an inlined treefile has no folder of its own. */
static bool check_inlined(const ManifestParse *p, const BaseYamlNode *node,
                          const ManifestLayer *layer, GError **error)
{
    static const char *const external[] = {
        "include",      "arch-include",      "add-files", "check-passwd", "conditional-include",
        "check-groups", "postprocess-script"};
    for (guint i = 0; i < G_N_ELEMENTS(external); i++) {
        const ManifestKey *key = manifest_key_find(external[i]);
        const ManifestPlace *place = &layer->places[key - manifest_keys];
        bool is_ids = key->kind == MANIFEST_KEY_IDS;
        const ManifestIds *ids =
            is_ids ? *(ManifestIds **)manifest_key_field(key, layer->values) : NULL;
        if (place->file != NULL && (!is_ids || (ids != NULL && ids->kind == MANIFEST_IDS_FILE)))
            return base_yaml_set_error(p->yaml, node, error,
                                       "‘%s’ names a file, which keys that stand in a "
                                       "conditional-include cannot; put them into a file",
                                       external[i]);
    }
    return true;
}

static bool add_inlined(const ManifestParse *p, const BaseYamlNode *node,
                        const GPtrArray *conditions, GError **error)
{
    g_autoptr(ManifestLayer) layer = manifest_layer_new();
    if (!manifest_parse_keys(p->yaml, node, layer, error) || !check_inlined(p, node, layer, error))
        return false;
    ManifestInclude *include = new_include(conditions);
    include->order = MANIFEST_INCLUDE_INLINED;
    include->inlined = g_steal_pointer(&layer);
    g_ptr_array_add(p->layer->includes, include);
    return true;
}

static bool parse_conditional(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    static const char *const known[] = {"if", "include", NULL};
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(p->yaml, node, known, error))
        return false;
    const BaseYamlNode *condition = base_yaml_find(node, "if");
    const BaseYamlNode *include = base_yaml_find(node, "include");
    if (condition == NULL || include == NULL)
        return base_yaml_set_error(p->yaml, node, error, "‘%s’ wants items with ‘if’ and ‘include’",
                                   p->name);
    g_autoptr(GPtrArray) conditions = parse_conditions(p, condition, error);
    if (conditions == NULL)
        return false;
    return include->kind == BASE_YAML_MAPPING ? add_inlined(p, include, conditions, error)
                                              : add_files(p, include, conditions, error);
}

bool manifest_parse_conditional_include(const ManifestParse *p, const BaseYamlNode *node,
                                        GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < node->values->len; i++) {
        if (!parse_conditional(p, node->values->pdata[i], error))
            return false;
    }
    return true;
}
