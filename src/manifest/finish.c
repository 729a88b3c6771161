/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From merged layers to a manifest: variables, required keys, the syntax of every value,
 * defaults.
 */
#include "manifest/layer.h"

#include "base/nearest.h"
#include "manifest/check.h"
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

static bool check_choice(const ManifestKey *key, const char *text, const ManifestPlace *place,
                         GError **error)
{
    if (key->choices == NULL || g_strv_contains(key->choices, text))
        return true;
    g_autofree char *choices = g_strjoinv("’, ‘", (char **)key->choices);
    const char *nearest = base_nearest_name(text, key->choices);
    if (nearest != NULL)
        return manifest_place_set_error(place, error, "‘%s’ cannot be ‘%s’; did you mean ‘%s’?",
                                        key->name, text, nearest);
    return manifest_place_set_error(place, error, "‘%s’ cannot be ‘%s’; it is one of ‘%s’",
                                    key->name, text, choices);
}

static bool check_string(const ManifestKey *key, const char *text, const ManifestPlace *place,
                         GError **error)
{
    return text == NULL || (check_choice(key, text, place, error) &&
                            (key->check == NULL || check_text(key, text, place, error)));
}

static bool check_values(const ManifestLayer *self, GError **error)
{
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        const ManifestPlace *place = &self->places[key - manifest_keys];
        if (key->kind == MANIFEST_KEY_STRING) {
            if (!check_string(key, *(char **)manifest_key_field(key, self->values), place, error))
                return false;
        } else if (key->check != NULL &&
                   !check_texts(key, *(GPtrArray **)manifest_key_field(key, self->values), error)) {
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

/* As rpm-ostree: of a package in two repo-packages the including file's counts. */
static void drop_repeated_repo_packages(GPtrArray *rows)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = rows->len; i > 0; i--) {
        ManifestRepoPackages *row = rows->pdata[i - 1];
        for (guint n = row->packages->len; n > 0; n--) {
            const ManifestString *package = row->packages->pdata[n - 1];
            if (!g_hash_table_add(seen, g_strdup(package->text)))
                g_ptr_array_remove_index(row->packages, n - 1);
        }
        if (row->packages->len == 0)
            g_ptr_array_remove_index(rows, i - 1);
    }
}

static bool check_repo_packages(const Manifest *values, GError **error)
{
    for (guint i = 0; i < values->repo_packages->len; i++) {
        const ManifestRepoPackages *row = values->repo_packages->pdata[i];
        bool is_known = false;
        for (guint r = 0; r < values->repos->len; r++)
            is_known =
                is_known || strcmp(((ManifestRepo *)values->repos->pdata[r])->id, row->repo) == 0;
        if (!is_known)
            return manifest_place_set_error(&row->place, error,
                                            "‘repo-packages’ names repository ‘%s’, which is not "
                                            "among ‘repos’",
                                            row->repo);
        for (guint n = 0; n < row->packages->len; n++) {
            const ManifestString *package = row->packages->pdata[n];
            g_autofree char *wrong = manifest_check_package(package->text);
            if (wrong != NULL)
                return manifest_place_set_error(&package->place, error, "%s", wrong);
        }
    }
    return true;
}

static int compare_targets(gconstpointer a, gconstpointer b)
{
    const ManifestFile *left = *(const ManifestFile *const *)a;
    const ManifestFile *right = *(const ManifestFile *const *)b;
    return strcmp(left->target, right->target);
}

static bool has_rpms(const Manifest *values)
{
    return values->repos->len > 0 &&
           (((const ManifestRepo *)values->repos->pdata[0])->kind == MANIFEST_REPO_RPM ||
            ((const ManifestRepo *)values->repos->pdata[0])->kind == MANIFEST_REPO_NAMED);
}

static bool is_old_edition(const Manifest *values)
{
    return values->edition != NULL && strcmp(values->edition, "2014") == 0;
}

static void set_defaults(ManifestLayer *self)
{
    Manifest *values = self->values;
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        if ((key->flags & MANIFEST_KEY_TRUE) != 0 && self->places[key - manifest_keys].file == NULL)
            *(bool *)manifest_key_field(key, values) = true;
        if (key->kind == MANIFEST_KEY_METADATA &&
            *(GVariant **)manifest_key_field(key, values) == NULL)
            *(GVariant **)manifest_key_field(key, values) =
                g_variant_ref_sink(g_variant_new("a{sv}", NULL));
    }
    /* a treefile of rpms works unchanged */
    if (place_of(self, "recommends")->file == NULL)
        values->recommends = has_rpms(values);
    if (is_old_edition(values) && place_of(self, "tmp-is-dir")->file == NULL)
        values->tmp_is_dir = false;
    if (values->container) {
        values->tmp_is_dir = true;
        values->selinux = false;
        values->no_initramfs = true;
    }
    if (values->postprocess_script != NULL)
        values->postprocess_script_place =
            manifest_place_copy(place_of(self, "postprocess-script"));
}

/* The folders count from edition 2024 on; of one name the including file's (the last) runs. */
static void choose_finalize(Manifest *values)
{
    bool is_new = values->edition != NULL && strcmp(values->edition, "2024") == 0;
    if (!is_new && values->finalize->len > 0) {
        const ManifestFile *file = values->finalize->pdata[0];
        manifest_note(values->notes, &file->place,
                      "programs of finalize.d run only with ‘edition: 2024’");
    }
    for (guint i = values->finalize->len; i > 0; i--) {
        const ManifestFile *file = values->finalize->pdata[i - 1];
        bool is_repeated = !is_new;
        for (guint n = i; !is_repeated && n < values->finalize->len; n++) {
            const ManifestFile *later = values->finalize->pdata[n];
            is_repeated = strcmp(file->target, later->target) == 0;
        }
        if (is_repeated)
            g_ptr_array_remove_index(values->finalize, i - 1);
    }
    g_ptr_array_sort(values->finalize, compare_targets);
}

/* What is understood, but means nothing here. */
static void note_without_effect(const ManifestLayer *self)
{
    const Manifest *values = self->values;
    if (values->ima && !has_rpms(values))
        manifest_note(values->notes, place_of(self, "ima"),
                      "‘ima’ has no effect on debs, which have no signatures of their files");
    if (values->boot_location != NULL && strcmp(values->boot_location, "modules") != 0)
        manifest_note(values->notes, place_of(self, "boot-location"),
                      "‘boot-location: %s’ is done as ‘modules’: kernels go below "
                      "/usr/lib/modules, where every libostree since 2018 looks for them",
                      values->boot_location);
    if (values->selinux_label_version == 0 && place_of(self, "selinux-label-version")->file != NULL)
        manifest_note(values->notes, place_of(self, "selinux-label-version"),
                      "‘selinux-label-version: 0’ is done as 1: /usr/etc is labelled as /etc");
    if (values->lockfile_repos->len > 0 && !has_rpms(values))
        manifest_note(values->notes, place_of(self, "lockfile-repos"),
                      "‘lockfile-repos’ has no effect on debs: a lock names the repository of each "
                      "package, "
                      "and the state directory keeps what a repository drops");
    if (values->repo_metadata != NULL && strcmp(values->repo_metadata, "disabled") != 0 &&
        !has_rpms(values))
        manifest_note(values->notes, place_of(self, "repo-metadata"),
                      "‘repo-metadata: %s’ has no effect on debs: which package is from which "
                      "repository is in the lock and in the SBOM",
                      values->repo_metadata);
    if (values->advisories_metadata != NULL &&
        strcmp(values->advisories_metadata, "disabled") != 0 && !has_rpms(values))
        manifest_note(values->notes, place_of(self, "advisories-metadata"),
                      "‘advisories-metadata: %s’ has no effect on debs, whose repositories have "
                      "no advisories: ‘atoll audit’ finds those of a commit",
                      values->advisories_metadata);
    if (values->basearch != NULL && !manifest_key_arch_is_ours(values->basearch))
        manifest_note(values->notes, place_of(self, "basearch"),
                      "‘basearch: %s’ has no effect: trees are composed for this machine's "
                      "architecture, %s",
                      values->basearch, manifest_key_basearch());
}

Manifest *manifest_layer_finish(ManifestLayer *self, const char *path, GError **error)
{
    Manifest *values = self->values;
    drop_repeated_host_apt(values->repos);
    drop_repeated_repo_packages(values->repo_packages);
    if (!check_required(self, path, error) || !manifest_variables_replace(self, error) ||
        !check_values(self, error) || !check_repos(values->repos, error) ||
        !check_repo_packages(values, error) || !check_excluded(values, error))
        return NULL;
    values->path = g_strdup(path);
    set_defaults(self);
    choose_finalize(values);
    note_without_effect(self);
    return g_steal_pointer(&self->values);
}
