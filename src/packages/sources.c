/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a manifest's repositories to the suites to fetch, "host-apt" included: which files of
 * etc/apt count, which keyrings are the default. How one such file reads is
 * packages/sources-parse.c's.
 */
#include "packages/sources.h"

#include "base/fd.h"
#include "base/run.h"
#include "packages/sources-private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_SOURCES_FILE_BYTES (4u << 20)

void packages_source_free(PackagesSource *self)
{
    if (self == NULL)
        return;
    g_free(self->repo_id);
    g_free(self->url);
    g_free(self->suite);
    g_strfreev(self->components);
    g_strfreev(self->keyrings);
    g_free(self->inline_key);
    g_strfreev(self->fingerprints);
    g_free(self->origin);
    g_free(self);
}

bool packages_source_is_flat(const PackagesSource *self)
{
    return g_str_has_suffix(self->suite, "/");
}

char *packages_source_url(const char *text, GError **error)
{
    g_autoptr(GString) url = g_string_new(NULL);
    if (g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://")) {
        g_string_append(url, text);
    } else if (g_str_has_prefix(text, "file:/") || g_str_has_prefix(text, "copy:/")) {
        const char *path = text + 5;
        while (path[1] == '/')
            path++;
        g_string_append_printf(url, "file://%s", path);
    } else {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "‘%s’ is no http, https or file URL", text);
        return NULL;
    }
    while (url->len > 0 && url->str[url->len - 1] == '/')
        g_string_truncate(url, url->len - 1);
    return g_string_free(g_steal_pointer(&url), FALSE);
}

bool packages_source_check(const PackagesSource *self, GError **error)
{
    bool flat = packages_source_is_flat(self);
    bool has_components = self->components != NULL && self->components[0] != NULL;
    if (flat == has_components) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    flat ? "suite ‘%s’ ends in a slash and so has no components"
                         : "suite ‘%s’ needs components (or a slash at its end)",
                    self->suite);
        return false;
    }
    if (strstr(self->suite, "..") != NULL || self->suite[0] == '\0') {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "‘%s’ is no suite", self->suite);
        return false;
    }
    return true;
}

/* --- the machine's apt --- */

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths in @directory that end in one of @suffixes, sorted by name; a missing one has none. */
static GPtrArray *list_files(const char *directory, const char *const *suffixes)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    for (const char *name = NULL; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        for (size_t i = 0; suffixes[i] != NULL; i++)
            if (name[0] != '.' && g_str_has_suffix(name, suffixes[i]))
                g_ptr_array_add(paths, g_build_filename(directory, name, NULL));
    g_ptr_array_sort(paths, compare_names);
    return paths;
}

static char **default_keyrings(const char *root)
{
    static const char *const suffixes[] = {".gpg", ".asc", NULL};
    g_autofree char *directory = g_build_filename(root, "/etc/apt/trusted.gpg.d", NULL);
    g_autofree char *old = g_build_filename(root, "/etc/apt/trusted.gpg", NULL);
    GPtrArray *paths = list_files(directory, suffixes);
    if (access(old, R_OK) == 0)
        g_ptr_array_add(paths, g_steal_pointer(&old));
    g_ptr_array_add(paths, NULL);
    return (char **)g_ptr_array_free(paths, FALSE);
}

static bool read_apt_file(const char *path, const PackagesSourcesContext *context,
                          GPtrArray *sources, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_SOURCES_FILE_BYTES, error);
    if (bytes == NULL)
        return false;
    PackagesSourcesContext here = *context;
    here.file = path;
    size_t size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    if (g_str_has_suffix(path, ".sources"))
        return packages_sources_parse_deb822(&here, data, size_bytes, sources, error);
    return packages_sources_parse_list(&here, data, size_bytes, sources, error);
}

/* Mirrors that stand still are made usable by this setting; then it must hold here as well. */
static bool apt_ignores_expiry(const char *root, bool *out_ignores, GError **error)
{
    g_autofree char *apt_config = g_find_program_in_path("apt-config");
    if (apt_config == NULL)
        return true;
    g_autofree char *dir = g_strdup_printf("Dir=%s/", root);
    const char *const argv[] = {apt_config, "-o", dir, "shell", "V", "Acquire::Check-Valid-Until/b",
                                NULL};
    BaseRun run = {.argv = argv, .what = "reading apt's configuration"};
    g_autofree char *output = NULL;
    if (!base_run(&run, &output, NULL, error))
        return false;
    *out_ignores = strstr(output, "V='false'") != NULL;
    return true;
}

static bool add_host_apt(const ManifestRepo *repo, const char *root, const char *arch,
                         GPtrArray *sources, GError **error)
{
    static const char *const suffixes[] = {".list", ".sources", NULL};
    PackagesSourcesContext context = {.repo_id = repo->id, .root = root, .arch = arch};
    g_autofree char *directory = g_build_filename(root, "/etc/apt/sources.list.d", NULL);
    g_autofree char *main_list = g_build_filename(root, "/etc/apt/sources.list", NULL);
    g_autoptr(GPtrArray) paths = list_files(directory, suffixes);
    if (access(main_list, F_OK) == 0)
        g_ptr_array_insert(paths, 0, g_strdup(main_list));

    bool ignores_expiry = false;
    if (!apt_ignores_expiry(root, &ignores_expiry, error))
        return false;
    g_auto(GStrv) keyrings = default_keyrings(root);
    unsigned first = sources->len;
    for (unsigned i = 0; i < paths->len; i++)
        if (!read_apt_file(g_ptr_array_index(paths, i), &context, sources, error))
            return false;
    for (unsigned i = first; i < sources->len; i++) {
        PackagesSource *source = g_ptr_array_index(sources, i);
        source->ignore_expiry = source->ignore_expiry || ignores_expiry;
        if (source->keyrings == NULL)
            source->keyrings = source->inline_key == NULL ? g_strdupv(keyrings) : g_new0(char *, 1);
    }
    if (sources->len > first)
        return true;
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                "‘%s/etc/apt’ has no enabled source of binary packages for %s", root, arch);
    return false;
}

/* --- repositories of the manifest --- */

static PackagesSource *new_source(const ManifestRepo *repo, const char *url, const char *suite,
                                  GError **error)
{
    g_autoptr(PackagesSource) source = g_new0(PackagesSource, 1);
    source->repo_id = g_strdup(repo->id);
    source->url = packages_source_url(url, error);
    if (source->url == NULL)
        return NULL;
    source->suite = g_strdup(suite);
    source->components = g_strdupv(repo->components);
    if (source->components == NULL)
        source->components = g_new0(char *, 1);
    source->keyrings = g_new0(char *, 2);
    source->keyrings[0] = g_strdup(repo->keyring);
    source->trusted = repo->trusted;
    source->origin = g_strdup_printf("%s:%u", repo->place.file, repo->place.line);
    return packages_source_check(source, error) ? g_steal_pointer(&source) : NULL;
}

static bool add_deb(const ManifestRepo *repo, GPtrArray *sources, GError **error)
{
    if (repo->keyring == NULL && !repo->trusted) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "it has neither a keyring nor ‘trusted: true’");
        return false;
    }
    if (repo->keyring != NULL && access(repo->keyring, R_OK) < 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "its keyring ‘%s’ cannot be read", repo->keyring);
        return false;
    }
    for (char **url = repo->urls; url != NULL && *url != NULL; url++)
        for (char **suite = repo->suites; suite != NULL && *suite != NULL; suite++) {
            PackagesSource *source = new_source(repo, *url, *suite, error);
            if (source == NULL)
                return false;
            g_ptr_array_add(sources, source);
        }
    return true;
}

static bool add_repo(const ManifestRepo *repo, const char *root, const char *arch,
                     GPtrArray *sources, GError **error)
{
    switch (repo->kind) {
    case MANIFEST_REPO_HOST_APT:
        return add_host_apt(repo, root, arch, sources, error);
    case MANIFEST_REPO_DEB:
        return add_deb(repo, sources, error);
    case MANIFEST_REPO_RPM:
    case MANIFEST_REPO_NAMED:
    default:
        g_assert_not_reached();
    }
}

/* --- the same suite twice --- */

static bool same_suite(const PackagesSource *a, const PackagesSource *b)
{
    return strcmp(a->url, b->url) == 0 && strcmp(a->suite, b->suite) == 0;
}

static bool same_trust(const PackagesSource *a, const PackagesSource *b)
{
    return g_strv_equal((const char *const *)a->keyrings, (const char *const *)b->keyrings) &&
           g_strcmp0(a->inline_key, b->inline_key) == 0 && a->trusted == b->trusted;
}

static void merge_components(PackagesSource *into, const PackagesSource *from)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_strv_builder_addv(builder, (const char **)into->components);
    for (char **name = from->components; *name != NULL; name++)
        if (!g_strv_contains((const char *const *)into->components, *name))
            g_strv_builder_add(builder, *name);
    g_strfreev(into->components);
    into->components = g_strv_builder_end(builder);
}

static GPtrArray *merge_sources(GPtrArray *sources, GError **error)
{
    g_autoptr(GPtrArray) merged =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_source_free);
    for (unsigned i = 0; i < sources->len; i++) {
        PackagesSource *source = g_ptr_array_index(sources, i);
        PackagesSource *earlier = NULL;
        for (unsigned j = 0; j < merged->len && earlier == NULL; j++)
            if (same_suite(g_ptr_array_index(merged, j), source))
                earlier = g_ptr_array_index(merged, j);
        if (earlier == NULL) {
            g_ptr_array_add(merged, source);
            sources->pdata[i] = NULL;
        } else if (same_trust(earlier, source)) {
            merge_components(earlier, source);
        } else {
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                        "%s: suite ‘%s’ of ‘%s’ stands at %s already, with other keyrings",
                        source->origin, source->suite, source->url, earlier->origin);
            return NULL;
        }
    }
    return g_steal_pointer(&merged);
}

GPtrArray *packages_sources_load(const GPtrArray *repos, const char *root, const char *arch,
                                 GError **error)
{
    g_autoptr(GPtrArray) sources =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_source_free);
    for (unsigned i = 0; i < repos->len; i++) {
        const ManifestRepo *repo = g_ptr_array_index(repos, i);
        if (!add_repo(repo, root, arch, sources, error)) {
            g_prefix_error(error, "%s:%u:%u: repository ‘%s’: ", repo->place.file, repo->place.line,
                           repo->place.column, repo->id);
            return NULL;
        }
    }
    if (sources->len == 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "the manifest names no repository");
        return NULL;
    }
    return merge_sources(sources, error);
}
