/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys whose values are records: checks of users, patterns, packages of a repository, modules.
 */
#include "manifest/parse-private.h"

#include "manifest/check.h"
#include "manifest/records.h"

#include <string.h>

static bool parse_id(const ManifestParse *p, const BaseYamlNode *node, uint32_t *out_id,
                     GError **error)
{
    uint64_t number = 0;
    const char *text = NULL;
    if (!base_yaml_get_string(p->yaml, node, p->name, &text, error))
        return false;
    if (!g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX - 1, &number, NULL))
        return base_yaml_set_error(p->yaml, node, error, "‘%s’ is no number of a user or group",
                                   text);
    *out_id = (uint32_t)number;
    return true;
}

/* NUMBER, [NUMBER] or [USER, GROUP] */
static bool parse_entry(const ManifestParse *p, const BaseYamlNode *name, const BaseYamlNode *node,
                        GPtrArray *entries, GError **error)
{
    uint32_t ids[2] = {0, 0};
    bool is_list = node->kind == BASE_YAML_LIST;
    guint n_ids = is_list ? node->values->len : 1;
    guint most = strcmp(p->key->name, "check-passwd") == 0 ? 2 : 1;
    if (n_ids < 1 || n_ids > most)
        return base_yaml_set_error(p->yaml, node, error, "‘%s’ wants %s", name->text,
                                   most == 2 ? "a number, or [user, group]" : "a number");
    for (guint i = 0; i < n_ids; i++) {
        if (!parse_id(p, is_list ? node->values->pdata[i] : (gpointer)node, &ids[i], error))
            return false;
    }
    ManifestId *entry = g_new0(ManifestId, 1);
    entry->name = g_strdup(name->text);
    entry->id = ids[0];
    entry->group = n_ids == 2 ? ids[1] : ids[0];
    g_ptr_array_add(entries, entry);
    return true;
}

static bool parse_entries(const ManifestParse *p, const BaseYamlNode *node, ManifestIds *ids,
                          GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, "entries", BASE_YAML_MAPPING, error))
        return false;
    ids->entries = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_id_free);
    for (guint i = 0; i < node->keys->len; i++) {
        if (!parse_entry(p, node->keys->pdata[i], node->values->pdata[i], ids->entries, error))
            return false;
    }
    return true;
}

static bool parse_ids_kind(const ManifestParse *p, const BaseYamlNode *node, ManifestIdsKind *out,
                           GError **error)
{
    static const char *const kinds[] = {"none", "previous", "file", "data"};
    const BaseYamlNode *type = base_yaml_find(node, "type");
    const char *text = NULL;
    if (type == NULL)
        return base_yaml_set_error(p->yaml, node, error,
                                   "‘%s’ has no ‘type’: none, previous, file or data", p->name);
    if (!base_yaml_get_string(p->yaml, type, "type", &text, error))
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(text, kinds[i]) == 0) {
            *out = (ManifestIdsKind)i;
            return true;
        }
    }
    return base_yaml_set_error(p->yaml, type, error,
                               "‘%s’ is no type of check; say none, previous, file or data", text);
}

bool manifest_parse_ids(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    static const char *const known[] = {"type", "filename", "entries", NULL};
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(p->yaml, node, known, error))
        return false;
    g_autoptr(ManifestIds) ids = g_new0(ManifestIds, 1);
    if (!parse_ids_kind(p, node, &ids->kind, error))
        return false;
    const BaseYamlNode *filename = base_yaml_find(node, "filename");
    const BaseYamlNode *entries = base_yaml_find(node, "entries");
    if ((filename != NULL) != (ids->kind == MANIFEST_IDS_FILE))
        return base_yaml_set_error(p->yaml, node, error,
                                   "‘filename’ and ‘type: file’ belong together");
    if ((entries != NULL) != (ids->kind == MANIFEST_IDS_DATA))
        return base_yaml_set_error(p->yaml, node, error,
                                   "‘entries’ and ‘type: data’ belong together");
    ids->place = manifest_place_at(p->yaml, node);
    if (filename != NULL) {
        const char *text = NULL;
        if (!base_yaml_get_string(p->yaml, filename, "filename", &text, error))
            return false;
        ids->path = manifest_parse_beside(p, text);
    }
    if (entries != NULL && !parse_entries(p, entries, ids, error))
        return false;
    ManifestIds **field = manifest_key_field(p->key, p->layer->values);
    manifest_ids_free(*field);
    *field = g_steal_pointer(&ids);
    return true;
}

static bool parse_pattern_row(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    if (node->kind != BASE_YAML_LIST || node->values->len < 2)
        return base_yaml_set_error(p->yaml, node, error,
                                   "‘%s’ wants lists: [package, expression, …], as in "
                                   "[cpio, /usr/share/.*]",
                                   p->name);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autoptr(ManifestPatterns) row = g_new0(ManifestPatterns, 1);
    row->place = manifest_place_at(p->yaml, node);
    for (guint i = 0; i < node->values->len; i++) {
        const BaseYamlNode *item = node->values->pdata[i];
        const char *text = NULL;
        if (!base_yaml_get_string(p->yaml, item, p->name, &text, error))
            return false;
        g_autofree char *wrong =
            i > 0 ? manifest_check_pattern(text) : manifest_check_package(text);
        if (wrong != NULL)
            return base_yaml_set_error(p->yaml, item, error, "%s", wrong);
        if (i == 0)
            row->package = g_strdup(text);
        else
            g_strv_builder_add(builder, text);
    }
    row->patterns = g_strv_builder_end(builder);
    g_ptr_array_add(p->layer->values->remove_from_packages, g_steal_pointer(&row));
    return true;
}

bool manifest_parse_patterns(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < node->values->len; i++) {
        if (!parse_pattern_row(p, node->values->pdata[i], error))
            return false;
    }
    return true;
}

static bool parse_repo_row(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    static const char *const known[] = {"repo", "packages", NULL};
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(p->yaml, node, known, error))
        return false;
    const BaseYamlNode *repo = base_yaml_find(node, "repo");
    const BaseYamlNode *packages = base_yaml_find(node, "packages");
    const char *text = NULL;
    if (repo == NULL || packages == NULL)
        return base_yaml_set_error(p->yaml, node, error,
                                   "‘%s’ wants items with ‘repo’ and ‘packages’", p->name);
    if (!base_yaml_get_string(p->yaml, repo, "repo", &text, error))
        return false;
    g_autoptr(ManifestRepoPackages) row = g_new0(ManifestRepoPackages, 1);
    row->repo = g_strdup(text);
    row->packages = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_string_free);
    row->place = manifest_place_at(p->yaml, node);
    if (!manifest_parse_words(p, packages, row->packages, error))
        return false;
    g_ptr_array_add(p->layer->values->repo_packages, g_steal_pointer(&row));
    return true;
}

bool manifest_parse_repo_packages(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < node->values->len; i++) {
        if (!parse_repo_row(p, node->values->pdata[i], error))
            return false;
    }
    return true;
}

bool manifest_parse_modules(const ManifestParse *p, const BaseYamlNode *node, GError **error)
{
    static const char *const known[] = {"enable", "install", NULL};
    if (!base_yaml_check_kind(p->yaml, node, p->name, BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(p->yaml, node, known, error))
        return false;
    const ManifestModules *modules = &p->layer->values->modules;
    const BaseYamlNode *enable = base_yaml_find(node, "enable");
    const BaseYamlNode *install = base_yaml_find(node, "install");
    return (enable == NULL || manifest_parse_words(p, enable, modules->enable, error)) &&
           (install == NULL || manifest_parse_words(p, install, modules->install, error));
}
