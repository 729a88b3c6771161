/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A manifest as JSON, keys sorted, out of the key table. Empty lists and texts that nobody
 * set are left out; the result is a manifest again.
 */
#include "manifest/print.h"

#include "base/digest.h"
#include "manifest/content.h"
#include "manifest/keys.h"
#include "manifest/rpm-repo.h"
#include "manifest/yaml-print.h"

#include <string.h>

typedef struct {
    JsonBuilder *json;
    bool for_digest;
} Print;

static void print_strv(JsonBuilder *json, const char *name, char **texts)
{
    if (texts[0] == NULL)
        return;
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (size_t i = 0; texts[i] != NULL; i++)
        json_builder_add_string_value(json, texts[i]);
    json_builder_end_array(json);
}

static bool print_keyring(const Print *p, const ManifestRepo *repo, GError **error)
{
    g_autofree char *digest = NULL;
    if (repo->keyring == NULL)
        return true;
    if (p->for_digest) {
        digest = manifest_content_digest(repo->keyring, &repo->place, error);
        if (digest == NULL)
            return false;
    }
    json_builder_set_member_name(p->json, "keyring");
    json_builder_add_string_value(p->json, digest == NULL ? repo->keyring : digest);
    return true;
}

static bool print_repo(const Print *p, const ManifestRepo *repo, GError **error)
{
    if (repo->kind == MANIFEST_REPO_HOST_APT) {
        json_builder_add_string_value(p->json, repo->id);
        return true;
    }
    if (repo->locked_only)
        return true;
    if (repo->rpm != NULL)
        return manifest_rpm_repo_print(repo, p->json, p->for_digest, error);
    json_builder_begin_object(p->json);
    print_strv(p->json, "components", repo->components);
    if (!print_keyring(p, repo, error))
        return false;
    json_builder_set_member_name(p->json, "name");
    json_builder_add_string_value(p->json, repo->id);
    print_strv(p->json, "suites", repo->suites);
    if (repo->trusted) {
        json_builder_set_member_name(p->json, "trusted");
        json_builder_add_boolean_value(p->json, TRUE);
    }
    json_builder_set_member_name(p->json, "type");
    json_builder_add_string_value(p->json, "deb");
    print_strv(p->json, "urls", repo->urls);
    json_builder_end_object(p->json);
    return true;
}

static bool print_file(const Print *p, const ManifestFile *file, GError **error)
{
    g_autofree char *digest = NULL;
    if (p->for_digest) {
        digest = manifest_content_digest(file->source, &file->place, error);
        if (digest == NULL)
            return false;
    }
    json_builder_begin_array(p->json);
    json_builder_add_string_value(p->json, digest == NULL ? file->source : digest);
    json_builder_add_string_value(p->json, file->target);
    json_builder_end_array(p->json);
    return true;
}

/* A word with blanks would be split when it is read again. */
static void print_word(const Print *p, const char *text)
{
    g_autofree char *quoted =
        strchr(text, ' ') == NULL ? g_strdup(text) : g_strdup_printf("'%s'", text);
    json_builder_add_string_value(p->json, quoted);
}

static void print_strings(const Print *p, const char *name, const GPtrArray *strings)
{
    json_builder_set_member_name(p->json, name);
    json_builder_begin_array(p->json);
    for (guint i = 0; i < strings->len; i++)
        print_word(p, ((const ManifestString *)strings->pdata[i])->text);
    json_builder_end_array(p->json);
}

static void print_patterns(const Print *p, const ManifestPatterns *row)
{
    json_builder_begin_array(p->json);
    json_builder_add_string_value(p->json, row->package);
    for (size_t i = 0; row->patterns[i] != NULL; i++)
        json_builder_add_string_value(p->json, row->patterns[i]);
    json_builder_end_array(p->json);
}

static void print_repo_packages(const Print *p, const ManifestRepoPackages *row)
{
    json_builder_begin_object(p->json);
    print_strings(p, "packages", row->packages);
    json_builder_set_member_name(p->json, "repo");
    json_builder_add_string_value(p->json, row->repo);
    json_builder_end_object(p->json);
}

static bool print_item(const Print *p, const ManifestKey *key, gconstpointer item, GError **error)
{
    if (key->kind == MANIFEST_KEY_REPOS)
        return print_repo(p, item, error);
    if (key->kind == MANIFEST_KEY_FILES)
        return print_file(p, item, error);
    if (key->kind == MANIFEST_KEY_PATTERNS)
        print_patterns(p, item);
    else if (key->kind == MANIFEST_KEY_REPO_PACKAGES)
        print_repo_packages(p, item);
    else if (key->kind == MANIFEST_KEY_WORDS)
        print_word(p, ((const ManifestString *)item)->text);
    else
        json_builder_add_string_value(p->json, ((const ManifestString *)item)->text);
    return true;
}

static bool print_list(const Print *p, const ManifestKey *key, const GPtrArray *items,
                       GError **error)
{
    if (items->len == 0)
        return true;
    json_builder_set_member_name(p->json, key->name);
    json_builder_begin_array(p->json);
    for (guint i = 0; i < items->len; i++) {
        if (!print_item(p, key, items->pdata[i], error))
            return false;
    }
    json_builder_end_array(p->json);
    return true;
}

/* A file by its path, or for a digest by what it holds. */
static bool print_path(const Print *p, const char *name, const char *path,
                       const ManifestPlace *place, GError **error)
{
    g_autofree char *digest = NULL;
    if (p->for_digest) {
        digest = manifest_content_digest(path, place, error);
        if (digest == NULL)
            return false;
    }
    json_builder_set_member_name(p->json, name);
    json_builder_add_string_value(p->json, digest == NULL ? path : digest);
    return true;
}

static int compare_ids(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const ManifestId *const *)a)->name, (*(const ManifestId *const *)b)->name);
}

static void print_entries(const Print *p, GPtrArray *entries)
{
    g_ptr_array_sort(entries, compare_ids);
    json_builder_set_member_name(p->json, "entries");
    json_builder_begin_object(p->json);
    for (guint i = 0; i < entries->len; i++) {
        const ManifestId *entry = entries->pdata[i];
        json_builder_set_member_name(p->json, entry->name);
        if (entry->group == entry->id) {
            json_builder_add_int_value(p->json, entry->id);
            continue;
        }
        json_builder_begin_array(p->json);
        json_builder_add_int_value(p->json, entry->id);
        json_builder_add_int_value(p->json, entry->group);
        json_builder_end_array(p->json);
    }
    json_builder_end_object(p->json);
}

static bool print_ids(const Print *p, const ManifestKey *key, const ManifestIds *ids,
                      GError **error)
{
    static const char *const kinds[] = {"none", "previous", "file", "data"};
    if (ids == NULL)
        return true;
    json_builder_set_member_name(p->json, key->name);
    json_builder_begin_object(p->json);
    if (ids->entries != NULL)
        print_entries(p, ids->entries);
    if (ids->path != NULL && !print_path(p, "filename", ids->path, &ids->place, error))
        return false;
    json_builder_set_member_name(p->json, "type");
    json_builder_add_string_value(p->json, kinds[ids->kind]);
    json_builder_end_object(p->json);
    return true;
}

static int compare_variables(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const ManifestVariable *const *)a)->name,
                  (*(const ManifestVariable *const *)b)->name);
}

static void print_pairs(const Print *p, const ManifestKey *key, const GPtrArray *pairs)
{
    if (pairs->len == 0)
        return;
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    for (guint i = 0; i < pairs->len; i++)
        g_ptr_array_add(sorted, pairs->pdata[i]);
    g_ptr_array_sort(sorted, compare_variables);
    json_builder_set_member_name(p->json, key->name);
    json_builder_begin_object(p->json);
    for (guint i = 0; i < sorted->len; i++) {
        const ManifestVariable *pair = sorted->pdata[i];
        json_builder_set_member_name(p->json, pair->name);
        json_builder_add_string_value(p->json, pair->value);
    }
    json_builder_end_object(p->json);
}

static void print_modules(const Print *p, const ManifestKey *key, const ManifestModules *modules)
{
    if (modules->enable->len == 0 && modules->install->len == 0)
        return;
    json_builder_set_member_name(p->json, key->name);
    json_builder_begin_object(p->json);
    if (modules->enable->len > 0)
        print_strings(p, "enable", modules->enable);
    if (modules->install->len > 0)
        print_strings(p, "install", modules->install);
    json_builder_end_object(p->json);
}

static void print_metadata(const Print *p, const ManifestKey *key, GVariant *metadata)
{
    if (g_variant_n_children(metadata) == 0)
        return;
    json_builder_set_member_name(p->json, key->name);
    json_builder_add_value(p->json, json_gvariant_serialize(metadata));
}

/* What is as it would be anyway is left out. */
static void print_bool(const Print *p, const ManifestKey *key, bool value)
{
    bool usual = (key->flags & MANIFEST_KEY_TRUE) != 0;
    if (value == usual && (key->flags & MANIFEST_KEY_SHOWN) == 0)
        return;
    json_builder_set_member_name(p->json, key->name);
    json_builder_add_boolean_value(p->json, value);
}

static bool print_key(const Print *p, const ManifestKey *key, const Manifest *self, GError **error)
{
    void *field = manifest_key_field(key, (Manifest *)self);
    switch (key->kind) {
    case MANIFEST_KEY_STRING:
        if (*(char **)field == NULL)
            return true;
        json_builder_set_member_name(p->json, key->name);
        json_builder_add_string_value(p->json, *(char **)field);
        return true;
    case MANIFEST_KEY_BOOL:
        print_bool(p, key, *(bool *)field);
        return true;
    case MANIFEST_KEY_STRINGS:
    case MANIFEST_KEY_WORDS:
    case MANIFEST_KEY_REPOS:
    case MANIFEST_KEY_FILES:
    case MANIFEST_KEY_PATTERNS:
    case MANIFEST_KEY_REPO_PACKAGES:
        return print_list(p, key, *(GPtrArray **)field, error);
    case MANIFEST_KEY_METADATA:
        print_metadata(p, key, *(GVariant **)field);
        return true;
    case MANIFEST_KEY_NUMBER:
        if (*(unsigned *)field == 0)
            return true;
        json_builder_set_member_name(p->json, key->name);
        json_builder_add_int_value(p->json, *(unsigned *)field);
        return true;
    case MANIFEST_KEY_FILE:
        return *(char **)field == NULL ||
               print_path(p, key->name, *(char **)field, &self->postprocess_script_place, error);
    case MANIFEST_KEY_PAIRS:
        print_pairs(p, key, *(GPtrArray **)field);
        return true;
    case MANIFEST_KEY_IDS:
        return print_ids(p, key, *(ManifestIds **)field, error);
    case MANIFEST_KEY_MODULES:
        print_modules(p, key, field);
        return true;
    case MANIFEST_KEY_ARCH_WORDS:
    case MANIFEST_KEY_OLD_WORDS:
    case MANIFEST_KEY_NOTED:
    case MANIFEST_KEY_VARIABLES:
    case MANIFEST_KEY_INCLUDE:
    case MANIFEST_KEY_ARCH_INCLUDE:
    case MANIFEST_KEY_CONDITIONAL_INCLUDE:
    case MANIFEST_KEY_N_KINDS:
        break;
    }
    return true;
}

/* No key of a manifest, but part of what makes the tree. */
static bool print_finalize(const Print *p, const Manifest *self, GError **error)
{
    if (!p->for_digest || self->finalize->len == 0)
        return true;
    json_builder_set_member_name(p->json, "finalize.d");
    json_builder_begin_array(p->json);
    for (guint i = 0; i < self->finalize->len; i++) {
        if (!print_file(p, self->finalize->pdata[i], error))
            return false;
    }
    json_builder_end_array(p->json);
    return true;
}

/* @flags: only keys that have all of them */
static JsonNode *print(const Manifest *self, bool for_digest, unsigned flags, GError **error)
{
    g_autoptr(JsonBuilder) json = json_builder_new_immutable();
    const Print p = {.json = json, .for_digest = for_digest};
    json_builder_begin_object(json);
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        if ((key->flags & flags) == flags && !print_key(&p, key, self, error))
            return NULL;
    }
    if (flags == 0 && !print_finalize(&p, self, error))
        return NULL;
    json_builder_end_object(json);
    return json_builder_get_root(json);
}

char *manifest_print_for_digest(const Manifest *self, GError **error)
{
    g_autoptr(JsonNode) root = print(self, true, 0, error);
    return root == NULL ? NULL : json_to_string(root, FALSE);
}

char *manifest_wanted_digest(const Manifest *self, GError **error)
{
    g_autoptr(JsonNode) root = print(self, true, MANIFEST_KEY_SOLVED, error);
    g_autofree char *text = root == NULL ? NULL : json_to_string(root, FALSE);
    return text == NULL ? NULL : base_sha256_hex(text, strlen(text));
}

/* Without digests nothing is read, so nothing can fail. */
static JsonNode *print_whole(const Manifest *self)
{
    g_autoptr(GError) error = NULL;
    JsonNode *root = print(self, false, 0, &error);
    g_assert_no_error(error);
    return root;
}

char *manifest_to_json(const Manifest *self)
{
    g_autoptr(JsonNode) root = print_whole(self);
    return json_to_string(root, TRUE);
}

/* Of which list items have a place of their own. */
static const ManifestPlace *place_of_item(const ManifestKey *key, const Manifest *self, guint i)
{
    void *field = manifest_key_field(key, (Manifest *)self);
    switch ((int)key->kind) {
    case MANIFEST_KEY_STRINGS:
    case MANIFEST_KEY_WORDS:
        return &((ManifestString *)(*(GPtrArray **)field)->pdata[i])->place;
    case MANIFEST_KEY_REPOS:
        return &((ManifestRepo *)(*(GPtrArray **)field)->pdata[i])->place;
    case MANIFEST_KEY_FILES:
        return &((ManifestFile *)(*(GPtrArray **)field)->pdata[i])->place;
    case MANIFEST_KEY_PATTERNS:
        return &((ManifestPatterns *)(*(GPtrArray **)field)->pdata[i])->place;
    case MANIFEST_KEY_REPO_PACKAGES:
        return &((ManifestRepoPackages *)(*(GPtrArray **)field)->pdata[i])->place;
    default:
        return NULL;
    }
}

static void print_yaml_key(GString *out, const ManifestKey *key, const Manifest *self,
                           JsonNode *value)
{
    manifest_yaml_add_key(out, key->name, value);
    JsonArray *items = JSON_NODE_HOLDS_ARRAY(value) ? json_node_get_array(value) : NULL;
    if (items == NULL || place_of_item(key, self, 0) == NULL) {
        manifest_yaml_add_value(out, value, 1);
        return;
    }
    g_string_append_c(out, '\n');
    for (guint i = 0; i < json_array_get_length(items); i++) {
        const ManifestPlace *place = place_of_item(key, self, i);
        g_autofree char *comment = g_strdup_printf("%s:%u", place->file, place->line);
        manifest_yaml_add_item(out, json_array_get_element(items, i), comment);
    }
}

char *manifest_to_yaml(const Manifest *self)
{
    g_autoptr(JsonNode) root = print_whole(self);
    GString *out = g_string_new(NULL);
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        JsonNode *value = json_object_get_member(json_node_get_object(root), key->name);
        if (value != NULL)
            print_yaml_key(out, key, self, value);
    }
    return g_string_free(out, FALSE);
}
