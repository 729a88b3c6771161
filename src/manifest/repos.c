/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The key "repos": "host-apt", or mappings that describe a Debian repository.
 */
#include "manifest/repos.h"

#include "manifest/check.h"
#include "manifest/records.h"

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

static bool parse_type(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    const BaseYamlNode *type = base_yaml_find(node, "type");
    const char *text = NULL;
    if (type == NULL)
        return base_yaml_set_error(
            yaml, node, error, "the repository has no ‘type’; for a Debian one say ‘type: deb’");
    if (!base_yaml_get_string(yaml, type, "type", &text, error))
        return false;
    if (strcmp(text, "deb") != 0)
        return base_yaml_set_error(yaml, type, error, "‘%s’ is no type of repository; say ‘deb’",
                                   text);
    return true;
}

static ManifestRepo *parse_mapping(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    g_autoptr(ManifestRepo) repo = g_new0(ManifestRepo, 1);
    const BaseYamlNode *name = base_yaml_find(node, "name");
    const char *text = NULL;
    if (!base_yaml_check_keys(yaml, node, deb_keys, error))
        return NULL;
    repo->kind = MANIFEST_REPO_DEB;
    repo->place = manifest_place_at(yaml, node);
    repo->urls = g_new0(char *, 1);
    repo->suites = g_new0(char *, 1);
    repo->components = g_new0(char *, 1);
    if (name == NULL) {
        base_yaml_set_error(yaml, node, error, "the repository has no ‘name’");
        return NULL;
    }
    if (!base_yaml_get_string(yaml, name, "name", &text, error) || !parse_type(yaml, node, error))
        return NULL;
    repo->id = g_strdup(text);
    if (base_yaml_find(node, "url") != NULL && base_yaml_find(node, "urls") != NULL) {
        base_yaml_set_error(yaml, base_yaml_find(node, "urls"), error,
                            "‘url’ and ‘urls’ are the same; say one");
        return NULL;
    }
    if (!parse_optional_texts(yaml, node, "url", &repo->urls, error) ||
        !parse_optional_texts(yaml, node, "urls", &repo->urls, error) ||
        !parse_optional_texts(yaml, node, "suites", &repo->suites, error) ||
        !parse_optional_texts(yaml, node, "components", &repo->components, error) ||
        !parse_keyring(yaml, node, repo, error))
        return NULL;
    return g_steal_pointer(&repo);
}

static ManifestRepo *parse_name(const BaseYaml *yaml, const BaseYamlNode *node, GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(yaml, node, "repos", &text, error))
        return NULL;
    if (strcmp(text, HOST_APT) != 0) {
        base_yaml_set_error(yaml, node, error,
                            "there is no repository ‘%s’; say ‘" HOST_APT "’ for this machine's "
                            "apt sources, or a mapping with name, type, url, suites, components "
                            "and keyring",
                            text);
        return NULL;
    }
    ManifestRepo *repo = g_new0(ManifestRepo, 1);
    repo->kind = MANIFEST_REPO_HOST_APT;
    repo->id = g_strdup(HOST_APT);
    repo->place = manifest_place_at(yaml, node);
    repo->urls = g_new0(char *, 1);
    repo->suites = g_new0(char *, 1);
    repo->components = g_new0(char *, 1);
    return repo;
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
    if (repo->kind == MANIFEST_REPO_HOST_APT)
        return true;
    g_autofree char *wrong = manifest_check_repo_name(repo->id);
    if (wrong != NULL)
        return manifest_place_set_error(&repo->place, error, "%s", wrong);
    if (repo->urls[0] == NULL || repo->suites[0] == NULL)
        return manifest_place_set_error(&repo->place, error, "repository ‘%s’ has no ‘%s’",
                                        repo->id, repo->urls[0] == NULL ? "url" : "suites");
    return check_texts(repo, repo->urls, manifest_check_url, error) &&
           check_texts(repo, repo->suites, manifest_check_suite, error) &&
           check_texts(repo, repo->components, manifest_check_suite, error) &&
           check_components(repo, error) && check_keyring(repo, error);
}
