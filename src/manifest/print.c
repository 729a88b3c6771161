/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A manifest as JSON, keys sorted, out of the key table. Empty lists and texts that nobody
 * set are left out; the result is a manifest again.
 */
#include "manifest/print.h"

#include "manifest/content.h"
#include "manifest/keys.h"

#include <json-glib/json-glib.h>

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

static bool print_item(const Print *p, const ManifestKey *key, gconstpointer item, GError **error)
{
    if (key->kind == MANIFEST_KEY_REPOS)
        return print_repo(p, item, error);
    if (key->kind == MANIFEST_KEY_FILES)
        return print_file(p, item, error);
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

static void print_metadata(const Print *p, const ManifestKey *key, GVariant *metadata)
{
    if (g_variant_n_children(metadata) == 0)
        return;
    json_builder_set_member_name(p->json, key->name);
    json_builder_add_value(p->json, json_gvariant_serialize(metadata));
}

static bool print_key(const Print *p, const ManifestKey *key, void *field, GError **error)
{
    switch (key->kind) {
    case MANIFEST_KEY_STRING:
        if (*(char **)field == NULL)
            return true;
        json_builder_set_member_name(p->json, key->name);
        json_builder_add_string_value(p->json, *(char **)field);
        return true;
    case MANIFEST_KEY_BOOL:
        json_builder_set_member_name(p->json, key->name);
        json_builder_add_boolean_value(p->json, *(bool *)field);
        return true;
    case MANIFEST_KEY_STRINGS:
    case MANIFEST_KEY_WORDS:
    case MANIFEST_KEY_REPOS:
    case MANIFEST_KEY_FILES:
        return print_list(p, key, *(GPtrArray **)field, error);
    case MANIFEST_KEY_METADATA:
        print_metadata(p, key, *(GVariant **)field);
        return true;
    case MANIFEST_KEY_ARCH_WORDS:
    case MANIFEST_KEY_VARIABLES:
    case MANIFEST_KEY_INCLUDE:
    case MANIFEST_KEY_N_KINDS:
        break;
    }
    return true;
}

static char *print(const Manifest *self, bool for_digest, GError **error)
{
    g_autoptr(JsonBuilder) json = json_builder_new_immutable();
    const Print p = {.json = json, .for_digest = for_digest};
    json_builder_begin_object(json);
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        if (!print_key(&p, key, manifest_key_field(key, (Manifest *)self), error))
            return NULL;
    }
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    return json_to_string(root, !for_digest);
}

char *manifest_print_for_digest(const Manifest *self, GError **error)
{
    return print(self, true, error);
}

char *manifest_to_json(const Manifest *self)
{
    g_autoptr(GError) error = NULL;
    char *text = print(self, false, &error);
    g_assert_no_error(error); /* without digests nothing is read, so nothing can fail */
    return text;
}
