/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Module metadata (github.com/fedora-modularity/libmodulemd, yaml_specs). Read here and not by
 * libmodulemd, whose handling of malformed documents is not memory safe (2.14).
 */
#include "packages/rpm/modulemd.h"

#include "base/yaml.h"

#include <string.h>

#define MAX_DOCUMENTS 20000

static void list_free(PackagesModulemdList *self)
{
    g_free(self->name);
    g_strfreev(self->values);
    g_free(self);
}

static void context_free(PackagesModulemdContext *self)
{
    g_free(self->module);
    g_free(self->stream);
    g_ptr_array_unref(self->dependencies);
    g_ptr_array_unref(self->profiles);
    g_strfreev(self->artifacts);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesModulemdContext, context_free)

static void default_free(PackagesModulemdDefault *self)
{
    g_free(self->module);
    g_free(self->stream);
    g_ptr_array_unref(self->profiles);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesModulemdDefault, default_free)

void packages_modulemd_init(PackagesModulemd *self)
{
    self->contexts = g_ptr_array_new_with_free_func((GDestroyNotify)context_free);
    self->defaults = g_ptr_array_new_with_free_func((GDestroyNotify)default_free);
}

void packages_modulemd_clear(PackagesModulemd *self)
{
    g_clear_pointer(&self->contexts, g_ptr_array_unref);
    g_clear_pointer(&self->defaults, g_ptr_array_unref);
}

/* --- values --- */

static char *dup_text(const BaseYaml *yaml, const BaseYamlNode *mapping, const char *key,
                      GError **error)
{
    const BaseYamlNode *node = base_yaml_find(mapping, key);
    if (node != NULL && node->kind == BASE_YAML_SCALAR && *node->text != '\0')
        return g_strdup(node->text);
    base_yaml_set_error(yaml, node != NULL ? node : mapping, error, "‘%s’ wants a text", key);
    return NULL;
}

/* A list of texts, one text, or nothing. */
static char **dup_texts(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    if (node != NULL && node->kind == BASE_YAML_SCALAR)
        g_strv_builder_add(builder, node->text);
    else if (node != NULL && node->kind == BASE_YAML_MAPPING)
        return base_yaml_set_error(yaml, node, error, "wanted a list, found a mapping"), NULL;
    for (guint i = 0; node != NULL && node->kind == BASE_YAML_LIST && i < node->values->len; i++) {
        const BaseYamlNode *value = node->values->pdata[i];
        if (value->kind != BASE_YAML_SCALAR)
            return base_yaml_set_error(yaml, value, error, "wanted a text in the list"), NULL;
        g_strv_builder_add(builder, value->text);
    }
    return g_strv_builder_end(builder);
}

/* Each member of @mapping as a list: of itself, or of its member @inner. */
static bool read_lists(const BaseYaml *yaml, const BaseYamlNode *mapping, const char *inner,
                       GPtrArray *lists, GError **error)
{
    if (mapping == NULL || mapping->kind == BASE_YAML_NULL)
        return true;
    if (!base_yaml_check_kind(yaml, mapping, "this", BASE_YAML_MAPPING, error))
        return false;
    for (guint i = 0; i < mapping->keys->len; i++) {
        const BaseYamlNode *value = mapping->values->pdata[i];
        if (inner != NULL && value->kind == BASE_YAML_NULL)
            continue;
        if (inner != NULL && !base_yaml_check_kind(yaml, value, "this", BASE_YAML_MAPPING, error))
            return false;
        char **texts = dup_texts(yaml, inner != NULL ? base_yaml_find(value, inner) : value, error);
        if (texts == NULL)
            return false;
        PackagesModulemdList *list = g_new0(PackagesModulemdList, 1);
        list->name = g_strdup(((const BaseYamlNode *)mapping->keys->pdata[i])->text);
        list->values = texts;
        g_ptr_array_add(lists, list);
    }
    return true;
}

static GPtrArray *new_lists(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)list_free);
}

/* --- documents --- */

static bool read_dependency(const BaseYaml *yaml, const BaseYamlNode *node, GPtrArray *dependencies,
                            GError **error)
{
    if (!base_yaml_check_kind(yaml, node, "dependencies", BASE_YAML_MAPPING, error))
        return false;
    GPtrArray *needs = new_lists();
    g_ptr_array_add(dependencies, needs);
    return read_lists(yaml, base_yaml_find(node, "requires"), NULL, needs, error);
}

/* Version 2 has a list of alternatives, version 1 just the one. */
static bool read_dependencies(const BaseYaml *yaml, const BaseYamlNode *node,
                              GPtrArray *dependencies, GError **error)
{
    if (node == NULL || node->kind == BASE_YAML_NULL)
        return true;
    if (node->kind == BASE_YAML_MAPPING)
        return read_dependency(yaml, node, dependencies, error);
    if (!base_yaml_check_kind(yaml, node, "dependencies", BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < node->values->len; i++)
        if (!read_dependency(yaml, node->values->pdata[i], dependencies, error))
            return false;
    return true;
}

static bool read_context(PackagesModulemd *self, const BaseYaml *yaml, const BaseYamlNode *data,
                         GError **error)
{
    g_autoptr(PackagesModulemdContext) context = g_new0(PackagesModulemdContext, 1);
    const BaseYamlNode *artifacts = base_yaml_find(data, "artifacts");
    bool has_artifacts = artifacts != NULL && artifacts->kind == BASE_YAML_MAPPING;
    context->dependencies = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    context->profiles = new_lists();
    context->module = dup_text(yaml, data, "name", error);
    context->stream = context->module != NULL ? dup_text(yaml, data, "stream", error) : NULL;
    if (context->stream == NULL ||
        !read_dependencies(yaml, base_yaml_find(data, "dependencies"), context->dependencies,
                           error) ||
        !read_lists(yaml, base_yaml_find(data, "profiles"), "rpms", context->profiles, error))
        return false;
    context->artifacts =
        dup_texts(yaml, has_artifacts ? base_yaml_find(artifacts, "rpms") : NULL, error);
    if (context->artifacts == NULL)
        return false;
    g_ptr_array_add(self->contexts, g_steal_pointer(&context));
    return true;
}

static bool read_default(PackagesModulemd *self, const BaseYaml *yaml, const BaseYamlNode *data,
                         GError **error)
{
    g_autoptr(PackagesModulemdDefault) one = g_new0(PackagesModulemdDefault, 1);
    one->profiles = new_lists();
    one->module = dup_text(yaml, data, "module", error);
    if (one->module == NULL ||
        !read_lists(yaml, base_yaml_find(data, "profiles"), NULL, one->profiles, error))
        return false;
    if (base_yaml_find(data, "stream") != NULL) {
        one->stream = dup_text(yaml, data, "stream", error);
        if (one->stream == NULL)
            return false;
    }
    g_ptr_array_add(self->defaults, g_steal_pointer(&one));
    return true;
}

static bool read_document(PackagesModulemd *self, const BaseYaml *yaml, GError **error)
{
    const BaseYamlNode *root = yaml->root;
    if (root->kind == BASE_YAML_NULL)
        return true;
    if (!base_yaml_check_kind(yaml, root, "the document", BASE_YAML_MAPPING, error))
        return false;
    g_autofree char *kind = dup_text(yaml, root, "document", error);
    if (kind == NULL)
        return false;
    bool is_context = strcmp(kind, "modulemd") == 0;
    if (!is_context && strcmp(kind, "modulemd-defaults") != 0)
        return true;
    const BaseYamlNode *data = base_yaml_find(root, "data");
    if (data == NULL)
        return base_yaml_set_error(yaml, root, error, "the document has no ‘data’");
    return base_yaml_check_kind(yaml, data, "data", BASE_YAML_MAPPING, error) &&
           (is_context ? read_context(self, yaml, data, error)
                       : read_default(self, yaml, data, error));
}

static bool is_blank(const char *text, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        if (!g_ascii_isspace(text[i]))
            return false;
    return true;
}

static bool parse_part(PackagesModulemd *self, const char *text, size_t size_bytes, unsigned number,
                       GError **error)
{
    if (is_blank(text, size_bytes))
        return true;
    g_autofree char *name = g_strdup_printf("document %u", number);
    g_autoptr(GBytes) bytes = g_bytes_new(text, size_bytes);
    g_autoptr(BaseYaml) yaml = base_yaml_parse(name, bytes, error);
    return yaml != NULL && read_document(self, yaml, error);
}

static bool is_marker(const char *line, size_t size_bytes)
{
    return size_bytes >= 3 && (memcmp(line, "---", 3) == 0 || memcmp(line, "...", 3) == 0) &&
           is_blank(line + 3, size_bytes - 3);
}

/* Documents stand between lines of "---" and "...", which modulemd's writers put alone. */
bool packages_modulemd_parse(PackagesModulemd *self, GBytes *text, GError **error)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(text, &size_bytes);
    size_t start = 0;
    unsigned number = 1;
    for (size_t at = 0; at < size_bytes;) {
        const char *newline = memchr(data + at, '\n', size_bytes - at);
        size_t n = newline != NULL ? (size_t)(newline - data) - at : size_bytes - at;
        if (is_marker(data + at, n)) {
            if (number > MAX_DOCUMENTS) {
                g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "more than %d documents",
                            MAX_DOCUMENTS);
                return false;
            }
            if (!parse_part(self, data + start, at - start, number, error))
                return false;
            number += data[at] == '-' ? 0 : 1;
            start = MIN(at + n + 1, size_bytes);
        }
        at += n + 1;
    }
    return size_bytes == 0 || parse_part(self, data + start, size_bytes - start, number, error);
}
