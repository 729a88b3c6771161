/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The key "repos": "host-apt", the id of an rpm-md repository that a *.repo file beside the
 * manifest describes, or mappings that describe a Debian or an rpm-md repository.
 */
#include "manifest/repos.h"

#include "manifest/check.h"
#include "manifest/records.h"
#include "manifest/repo-file.h"
#include "manifest/rpm-repo.h"

#include <string.h>

#define HOST_APT "host-apt"

static const char *const deb_keys[] = {"name",       "type",    "url",     "urls", "suites",
                                       "components", "keyring", "trusted", NULL};

/* A list of texts, or one text alone. */
static bool parse_texts(const BaseYaml *yaml, const BaseYamlNode *node, const char *what,
                        char ***out_texts, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const char *text = NULL;
    if (node->kind != BASE_YAML_LIST) {
        if (!base_yaml_get_string(yaml, node, what, &text, error))
            return false;
        g_strv_builder_add(builder, text);
    }
    for (guint i = 0; node->kind == BASE_YAML_LIST && i < node->values->len; i++) {
        if (!base_yaml_get_string(yaml, node->values->pdata[i], what, &text, error))
            return false;
        g_strv_builder_add(builder, text);
    }
    g_strfreev(*out_texts);
    *out_texts = g_strv_builder_end(builder);
    return true;
}

static bool parse_optional_texts(const BaseYaml *yaml, const BaseYamlNode *node, const char *key,
                                 char ***out_texts, GError **error)
{
    const BaseYamlNode *value = base_yaml_find(node, key);
    return value == NULL || parse_texts(yaml, value, key, out_texts, error);
}

static bool parse_keyring(const BaseYaml *yaml, const BaseYamlNode *node, ManifestRepo *repo,
                          GError **error)
{
    const BaseYamlNode *keyring = base_yaml_find(node, "keyring");
    const BaseYamlNode *trusted = base_yaml_find(node, "trusted");
    const char *path = NULL;
    if (trusted != NULL && !base_yaml_get_bool(yaml, trusted, "trusted", &repo->trusted, error))
        return false;
    if (keyring == NULL)
        return true;
    if (!base_yaml_get_string(yaml, keyring, "keyring", &path, error))
        return false;
    g_autofree char *folder = g_path_get_dirname(yaml->name);
    g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
    repo->keyring = g_canonicalize_filename(path, absolute);
    return true;
}

static bool parse_type(const BaseYaml *yaml, const BaseYamlNode *node, ManifestRepoKind *out_kind,
                       GError **error)
{
    const BaseYamlNode *type = base_yaml_find(node, "type");
    const char *text = NULL;
    if (type == NULL)
        return base_yaml_set_error(yaml, node, error,
                                   "the repository has no ‘type’; for a Debian one say ‘type: "
                                   "deb’, for an rpm-md one ‘type: rpm’");
    if (!base_yaml_get_string(yaml, type, "type", &text, error))
        return false;
    if (strcmp(text, "deb") != 0 && strcmp(text, "rpm") != 0)
        return base_yaml_set_error(yaml, type, error,
                                   "‘%s’ is no type of repository; say ‘deb’ or ‘rpm’", text);
    *out_kind = strcmp(text, "deb") == 0 ? MANIFEST_REPO_DEB : MANIFEST_REPO_RPM;
    return true;
}

static ManifestRepo *new_repo(ManifestRepoKind kind, const char *id, const BaseYaml *yaml,
                              const BaseYamlNode *node)
{
    ManifestRepo *repo = g_new0(ManifestRepo, 1);
    repo->kind = kind;
    repo->id = g_strdup(id);
    repo->place = manifest_place_at(yaml, node);
    repo->urls = g_new0(char *, 1);
    repo->suites = g_new0(char *, 1);
    repo->components = g_new0(char *, 1);
    return repo;
}

/* The members that each kind has for itself. */
static bool parse_members(const BaseYaml *yaml, const BaseYamlNode *node, ManifestRepo *repo,
                          GError **error)
{
    if (repo->kind == MANIFEST_REPO_RPM)
        return manifest_rpm_repo_parse(yaml, node, repo, error);
    return base_yaml_check_keys(yaml, node, deb_keys, error) &&
           parse_optional_texts(yaml, node, "suites", &repo->suites, error) &&
           parse_optional_texts(yaml, node, "components", &repo->components, error) &&
           parse_keyring(yaml, node, repo, error);
}

static ManifestRepo *parse_mapping(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    const BaseYamlNode *name = base_yaml_find(node, "name");
    const char *text = NULL;
    ManifestRepoKind kind = MANIFEST_REPO_DEB;
    /* a misspelt key is a better thing to say than that it is missing */
    if (base_yaml_find(node, "type") == NULL && !base_yaml_check_keys(yaml, node, deb_keys, error))
        return NULL;
    if (name == NULL) {
        base_yaml_set_error(yaml, node, error, "the repository has no ‘name’");
        return NULL;
    }
    if (!base_yaml_get_string(yaml, name, "name", &text, error) ||
        !parse_type(yaml, node, &kind, error))
        return NULL;
    g_autoptr(ManifestRepo) repo = new_repo(kind, text, yaml, node);
    const BaseYamlNode *urls = base_yaml_find(node, "urls");
    if (base_yaml_find(node, "url") != NULL && urls != NULL) {
        base_yaml_set_error(yaml, urls, error, "‘url’ and ‘urls’ are the same; say one");
        return NULL;
    }
    if (!parse_members(yaml, node, repo, error) ||
        !parse_optional_texts(yaml, node, "url", &repo->urls, error) ||
        !parse_optional_texts(yaml, node, "urls", &repo->urls, error))
        return NULL;
    return g_steal_pointer(&repo);
}

/* What stands for what is only known with all files at hand: manifest_repos_load_named(). */
static ManifestRepo *parse_name(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(yaml, node, "repos", &text, error))
        return NULL;
    bool is_apt = strcmp(text, HOST_APT) == 0;
    return new_repo(is_apt ? MANIFEST_REPO_HOST_APT : MANIFEST_REPO_NAMED, text, yaml, node);
}

bool manifest_repos_parse(const BaseYaml *yaml, const BaseYamlNode *node, GPtrArray *repos,
                          GError **error)
{
    if (!base_yaml_check_kind(yaml, node, "repos", BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < node->values->len; i++) {
        const BaseYamlNode *item = node->values->pdata[i];
        ManifestRepo *repo = item->kind == BASE_YAML_MAPPING ? parse_mapping(yaml, item, error)
                                                             : parse_name(yaml, item, error);
        if (repo == NULL)
            return false;
        g_ptr_array_add(repos, repo);
    }
    return true;
}

static bool check_texts(const ManifestRepo *repo, char **texts, char *(*check)(const char *),
                        GError **error)
{
    for (size_t i = 0; texts[i] != NULL; i++) {
        g_autofree char *wrong = check(texts[i]);
        if (wrong != NULL)
            return manifest_place_set_error(&repo->place, error, "repository ‘%s’: %s", repo->id,
                                            wrong);
    }
    return true;
}

static bool check_components(const ManifestRepo *repo, GError **error)
{
    for (size_t i = 0; repo->suites[i] != NULL; i++) {
        bool is_flat = g_str_has_suffix(repo->suites[i], "/");
        if (is_flat != (repo->components[0] == NULL))
            return manifest_place_set_error(
                &repo->place, error,
                is_flat ? "repository ‘%s’: the flat suite ‘%s’ has no components"
                        : "repository ‘%s’: suite ‘%s’ wants components, as in "
                          "‘components: [main]’; the path of a flat repository ends in ‘/’",
                repo->id, repo->suites[i]);
    }
    return true;
}

static bool check_keyring(const ManifestRepo *repo, GError **error)
{
    if (repo->keyring != NULL && repo->trusted)
        return manifest_place_set_error(&repo->place, error,
                                        "repository ‘%s’: ‘trusted: true’ would ignore its keyring;"
                                        " say one of the two",
                                        repo->id);
    if (repo->keyring == NULL && !repo->trusted)
        return manifest_place_set_error(&repo->place, error,
                                        "repository ‘%s’ has no ‘keyring’; name the file that holds"
                                        " its key, or take it unsigned with ‘trusted: true’",
                                        repo->id);
    if (repo->keyring != NULL && !g_file_test(repo->keyring, G_FILE_TEST_IS_REGULAR))
        return manifest_place_set_error(&repo->place, error,
                                        "repository ‘%s’: there is no keyring ‘%s’", repo->id,
                                        repo->keyring);
    return true;
}

bool manifest_repo_check(const ManifestRepo *repo, GError **error)
{
    if (repo->kind == MANIFEST_REPO_HOST_APT || repo->kind == MANIFEST_REPO_NAMED)
        return true;
    g_autofree char *wrong = manifest_check_repo_name(repo->id);
    if (wrong != NULL)
        return manifest_place_set_error(&repo->place, error, "%s", wrong);
    if (repo->kind == MANIFEST_REPO_RPM)
        return manifest_rpm_repo_check(repo, error) &&
               check_texts(repo, repo->urls, manifest_check_url, error);
    if (repo->urls[0] == NULL || repo->suites[0] == NULL)
        return manifest_place_set_error(&repo->place, error, "repository ‘%s’ has no ‘%s’",
                                        repo->id, repo->urls[0] == NULL ? "url" : "suites");
    return check_texts(repo, repo->urls, manifest_check_url, error) &&
           check_texts(repo, repo->suites, manifest_check_suite, error) &&
           check_texts(repo, repo->components, manifest_check_suite, error) &&
           check_components(repo, error) && check_keyring(repo, error);
}

/* --- names --- */

static bool check_one_kind(const GPtrArray *repos, GError **error)
{
    const ManifestRepo *first = repos->pdata[0];
    for (guint i = 1; i < repos->len; i++) {
        const ManifestRepo *repo = repos->pdata[i];
        if ((repo->kind == MANIFEST_REPO_RPM) != (first->kind == MANIFEST_REPO_RPM))
            return manifest_place_set_error(
                &repo->place, error,
                "repository ‘%s’ has %s packages, but ‘%s’ at %s:%u:%u has %s ones; a tree is made "
                "of one kind",
                repo->id, repo->kind == MANIFEST_REPO_RPM ? "rpm" : "Debian", first->id,
                first->place.file, first->place.line, first->place.column,
                first->kind == MANIFEST_REPO_RPM ? "rpm" : "Debian");
    }
    return true;
}

static const ManifestRepo *find_repo(const Manifest *manifest, const char *id)
{
    for (guint i = 0; i < manifest->repos->len; i++) {
        const ManifestRepo *repo = manifest->repos->pdata[i];
        if (strcmp(repo->id, id) == 0)
            return repo;
    }
    return NULL;
}

/* Repositories for packages that a lock names; one that is there for all stays so. */
static bool load_lockfile_repos(Manifest *manifest, GError **error)
{
    for (guint i = 0; i < manifest->lockfile_repos->len; i++) {
        const ManifestString *id = manifest->lockfile_repos->pdata[i];
        if (find_repo(manifest, id->text) != NULL)
            continue;
        ManifestRepo *repo = manifest_repo_file_find(manifest, id->text, &id->place, error);
        if (repo == NULL)
            return false;
        repo->locked_only = true;
        g_ptr_array_add(manifest->repos, repo);
        if (!manifest_repo_check(repo, error))
            return false;
    }
    return true;
}

bool manifest_repos_load_named(Manifest *manifest, GError **error)
{
    for (guint i = 0; i < manifest->repos->len; i++) {
        const ManifestRepo *named = manifest->repos->pdata[i];
        if (named->kind != MANIFEST_REPO_NAMED)
            continue;
        ManifestRepo *repo = manifest_repo_file_find(manifest, named->id, &named->place, error);
        if (repo == NULL)
            return false;
        manifest_repo_free(manifest->repos->pdata[i]);
        manifest->repos->pdata[i] = repo;
        if (!manifest_repo_check(repo, error))
            return false;
    }
    if (!check_one_kind(manifest->repos, error))
        return false;
    const ManifestRepo *first = manifest->repos->pdata[0];
    return first->kind != MANIFEST_REPO_RPM || load_lockfile_repos(manifest, error);
}
