/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Advisories without a network: those that repositories of rpms had when they were last asked.
 */
#include "tree/cached-advisories.h"

#include "base/fd.h"
#include "manifest/manifest.h"
#include "packages/json.h"
#include "packages/rpm/updateinfo.h"
#include "tree/account.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* What decides where a repository's metadata is kept; it was verified when it was fetched. */
static JsonObject *repo_without_keys(JsonObject *repo)
{
    static const char *const places[] = {"name", "type",     "baseurl",
                                         "url",  "metalink", "mirrorlist"};
    JsonObject *copy = json_object_new();
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (json_object_has_member(repo, places[i]))
            json_object_set_member(copy, places[i], json_object_dup_member(repo, places[i]));
    json_object_set_boolean_member(copy, "trusted", TRUE);
    return copy;
}

static char *print_repos(TreeInspect *commit, GError **error)
{
    const char *text = tree_inspect_text(commit, TREE_ACCOUNT_MANIFEST_KEY);
    g_autoptr(JsonNode) node = text != NULL ? packages_json_parse(text, strlen(text), error) : NULL;
    JsonObject *object = node != NULL ? packages_json_object(node) : NULL;
    JsonArray *rows = object != NULL ? packages_json_array(object, "repos") : NULL;
    if (rows == NULL) {
        g_clear_error(error);
        g_set_error_literal(error, TREE_ERROR, TREE_ERROR_NOT_FOUND,
                            "the commit does not say which repositories it was made of: name a "
                            "file with --advisories");
        return NULL;
    }
    g_autoptr(JsonObject) manifest = json_object_new();
    JsonArray *repos = json_array_new();
    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *repo = packages_json_item(rows, i);
        if (repo != NULL)
            json_array_add_object_element(repos, repo_without_keys(repo));
    }
    json_object_set_string_member(manifest, "ref", "audit");
    json_object_set_array_member(manifest, "repos", repos);
    g_autoptr(JsonNode) root = json_node_init_object(json_node_alloc(), manifest);
    return json_to_string(root, TRUE);
}

static Manifest *load_repos(TreeInspect *commit, GError **error)
{
    g_autofree char *text = print_repos(commit, error);
    g_autofree char *folder =
        text != NULL ? g_dir_make_tmp("atoll-repositories-XXXXXX", error) : NULL;
    if (folder == NULL)
        return NULL;
    g_autofree char *path = g_build_filename(folder, "manifest.json", NULL);
    Manifest *manifest = base_fd_replace_file(AT_FDCWD, path, text, strlen(text), 0600,
                                              BASE_FD_REPLACE_NO_SYNC, error)
                             ? manifest_load(path, error)
                             : NULL;
    if (base_fd_remove_tree(AT_FDCWD, folder, manifest != NULL ? error : NULL))
        return manifest;
    manifest_free(manifest);
    return NULL;
}

/* "repository ‘updates’, as of 2026-11-20" */
static char *describe(const ManifestRepo *repo, int64_t time_s)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_s);
    g_autofree char *day = time != NULL ? g_date_time_format(time, "%Y-%m-%d") : NULL;
    return g_strdup_printf("repository ‘%s’, as of %s", repo->id, day != NULL ? day : "unknown");
}

static bool match_repo(const ManifestRepo *repo, const char *cache, const PackagesAudit *audit,
                       GPtrArray *findings, GPtrArray *sources, GError **error)
{
    int opened = -1;
    int64_t time_s = 0;
    if (!packages_rpm_updateinfo_open(repo, cache, &opened, &time_s, error)) {
        g_prefix_error(error, "its advisories are not in the state directory; compose or lock "
                              "it, or name a file with --advisories: ");
        return false;
    }
    base_autofd fd = opened;
    if (fd < 0)
        return true;
    g_ptr_array_add(sources, describe(repo, time_s));
    return packages_advisories_match_fd(audit, fd, findings, error);
}

bool tree_cached_advisories_match(TreeInspect *commit, const char *state_dir,
                                  const PackagesAudit *audit, GPtrArray *findings,
                                  char ***out_sources, GError **error)
{
    g_autoptr(Manifest) manifest = load_repos(commit, error);
    if (manifest == NULL)
        return false;
    g_autofree char *cache = g_build_filename(state_dir, "cache", "metadata", NULL);
    g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < manifest->repos->len; i++)
        if (!match_repo(manifest->repos->pdata[i], cache, audit, findings, sources, error))
            return false;
    if (sources->len == 0) {
        g_set_error_literal(error, TREE_ERROR, TREE_ERROR_NOT_FOUND,
                            "none of the tree's repositories has advisories: name a file with "
                            "--advisories");
        return false;
    }
    packages_findings_sort(findings);
    g_ptr_array_add(sources, NULL);
    g_ptr_array_set_free_func(sources, NULL);
    *out_sources = (char **)g_ptr_array_free(g_steal_pointer(&sources), FALSE);
    return true;
}
