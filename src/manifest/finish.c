/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From merged layers to a manifest: variables, required keys, the syntax of every value,
 * defaults.
 */
#include "manifest/layer.h"

#include "manifest/keys.h"
#include "manifest/records.h"
#include "manifest/repos.h"
#include "manifest/variables.h"

#include <string.h>

static const ManifestPlace *place_of(const ManifestLayer *self, const char *name)
{
    return &self->places[manifest_key_find(name) - manifest_keys];
}

static bool check_required(const ManifestLayer *self, const char *path, GError **error)
{
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        if ((key->flags & MANIFEST_KEY_REQUIRED) == 0 ||
            self->places[key - manifest_keys].file != NULL)
            continue;
        g_set_error(error, MANIFEST_ERROR, MANIFEST_ERROR_INVALID,
                    "%s: ‘%s’ is missing: say the %s", path, key->name, key->doc);
        return false;
    }
    if (self->values->repos->len == 0)
        return manifest_place_set_error(place_of(self, "repos"), error,
                                        "‘repos’ is empty; name at least one repository");
    return true;
}

static bool check_text(const ManifestKey *key, const char *text, const ManifestPlace *place,
                       GError **error)
{
    g_autofree char *wrong = key->check(text);
    return wrong == NULL || manifest_place_set_error(place, error, "‘%s’: %s", key->name, wrong);
}

static bool check_texts(const ManifestKey *key, const GPtrArray *texts, GError **error)
{
    for (guint i = 0; i < texts->len; i++) {
        const ManifestString *text = texts->pdata[i];
        if (!check_text(key, text->text, &text->place, error))
            return false;
    }
    return true;
}

static bool check_values(const ManifestLayer *self, GError **error)
{
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        const ManifestPlace *place = &self->places[key - manifest_keys];
        if (key->check == NULL)
            continue;
        void *field = manifest_key_field(key, self->values);
        if (key->kind != MANIFEST_KEY_STRING) {
            if (!check_texts(key, *(GPtrArray **)field, error))
                return false;
        } else if (*(char **)field != NULL && !check_text(key, *(char **)field, place, error)) {
            return false;
        }
    }
    return true;
}

static bool check_repos(const GPtrArray *repos, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < repos->len; i++) {
        const ManifestRepo *repo = repos->pdata[i];
        if (!manifest_repo_check(repo, error))
            return false;
        const ManifestRepo *earlier = g_hash_table_lookup(seen, repo->id);
        if (earlier != NULL)
            return manifest_place_set_error(
                &repo->place, error, "there is already a repository ‘%s’, at %s:%u:%u", repo->id,
                earlier->place.file, earlier->place.line, earlier->place.column);
        g_hash_table_insert(seen, repo->id, (gpointer)repo);
    }
    return true;
}

/* A file and what it includes may both say "host-apt": it is the same repository. */
static void drop_repeated_host_apt(GPtrArray *repos)
{
    bool is_seen = false;
    for (guint i = 0; i < repos->len;) {
        const ManifestRepo *repo = repos->pdata[i];
        bool is_host_apt = repo->kind == MANIFEST_REPO_HOST_APT;
        if (is_host_apt && is_seen) {
            g_ptr_array_remove_index(repos, i);
            continue;
        }
        is_seen = is_seen || is_host_apt;
        i++;
    }
}

static bool check_excluded(const Manifest *values, GError **error)
{
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < values->packages->len; i++) {
        const ManifestString *package = values->packages->pdata[i];
        g_hash_table_insert(wanted, package->text, (gpointer)package);
    }
    for (guint i = 0; i < values->exclude_packages->len; i++) {
        const ManifestString *excluded = values->exclude_packages->pdata[i];
        const ManifestString *package = g_hash_table_lookup(wanted, excluded->text);
        if (package != NULL)
            return manifest_place_set_error(
                &excluded->place, error, "‘%s’ is excluded here and wanted at %s:%u:%u",
                excluded->text, package->place.file, package->place.line, package->place.column);
    }
    return true;
}

Manifest *manifest_layer_finish(ManifestLayer *self, const char *path, GError **error)
{
    Manifest *values = self->values;
    drop_repeated_host_apt(values->repos);
    if (!check_required(self, path, error) || !manifest_variables_replace(self, error) ||
        !check_values(self, error) || !check_repos(values->repos, error) ||
        !check_excluded(values, error))
        return NULL;
    values->path = g_strdup(path);
    if (place_of(self, "documentation")->file == NULL)
        values->documentation = true;
    if (values->metadata == NULL)
        values->metadata = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
    return g_steal_pointer(&self->values);
}
