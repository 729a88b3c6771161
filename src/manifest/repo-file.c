/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * *.repo files of dnf (dnf.conf(5), "REPO OPTIONS"): sections of "key=value" lines, where a
 * line that begins with white space goes on with the value before it.
 */
#include "manifest/repo-file.h"

#include "base/fd.h"
#include "base/nearest.h"
#include "manifest/keys.h"
#include "manifest/records.h"
#include "manifest/rpm-repo.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#define MAX_REPOS 1024
#define MAX_FILES 256
#define MAX_NAME 64

typedef struct {
    const ManifestRepoFile *file;
    const char *wanted;
    GPtrArray *ids;   /* borrowed, nullable */
    GPtrArray *repos; /* borrowed */
    ManifestPlace place;
    unsigned n_sections;
    ManifestRepo *repo; /* borrowed, nullable: the section under way, when it is wanted */
    char *key;          /* owned, nullable: what a continuation goes on with */
    GString *value;     /* owned */
    unsigned value_line;
} Parse;

static void parse_clear(Parse *p)
{
    g_free(p->key);
    (void)g_string_free(p->value, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parse, parse_clear)

/* --- values --- */

static bool replace_one(Parse *p, const char **at, GString *out, GError **error)
{
    const char *start = *at + 1;
    bool braces = *start == '{';
    start += braces ? 1 : 0;
    size_t n = 0;
    while (g_ascii_isalnum(start[n]) || start[n] == '_')
        n++;
    if (n == 0 || n > MAX_NAME || (braces && start[n] != '}')) {
        g_string_append_c(out, '$');
        *at += 1;
        return true;
    }
    g_autofree char *name = g_strndup(start, n);
    const char *value = p->file->variable(name, p->file->user_data);
    if (value == NULL)
        return manifest_place_set_error(&p->place, error,
                                        "variable ‘$%s’ is not set; set it under ‘repovars’ or "
                                        "as ‘releasever’ in the manifest",
                                        name);
    g_string_append(out, value);
    *at = start + n + (braces ? 1 : 0);
    return out->len <= MANIFEST_REPO_FILE_MAX_BYTES ||
           manifest_place_set_error(&p->place, error, "variables make this too long");
}

static char *replace(Parse *p, const char *text, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    while (*text != '\0') {
        if (*text == '$') {
            if (!replace_one(p, &text, out, error))
                return NULL;
        } else {
            g_string_append_c(out, *text++);
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool take_bool(Parse *p, const char *text, bool *out_value, GError **error)
{
    static const char *const yes[] = {"1", "yes", "true", "on", NULL};
    static const char *const no[] = {"0", "no", "false", "off", NULL};
    g_autofree char *lower = g_ascii_strdown(text, -1);
    bool is_true = g_strv_contains(yes, lower);
    if (!is_true && !g_strv_contains(no, lower))
        return manifest_place_set_error(&p->place, error, "‘%s’ wants 1 or 0, not ‘%s’", p->key,
                                        text);
    *out_value = is_true;
    return true;
}

static bool take_number(Parse *p, const char *text, unsigned *out_value, GError **error)
{
    guint64 number = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 0, 1000000, &number, NULL))
        return manifest_place_set_error(&p->place, error, "‘%s’ wants a number, not ‘%s’", p->key,
                                        text);
    *out_value = (unsigned)number;
    return true;
}

static bool take_list(const char *text, char ***out_texts)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) words = g_strsplit_set(text, " ,\t\n", -1);
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
            g_strv_builder_add(builder, *word);
    g_strfreev(*out_texts);
    *out_texts = g_strv_builder_end(builder);
    return true;
}

static bool take_text(const char *text, char **out_text)
{
    g_free(*out_text);
    *out_text = *text != '\0' ? g_strdup(text) : NULL;
    return true;
}

/* Keys that would have to be fetched say nothing about whom they belong to. */
static bool take_keys(Parse *p, const char *text, GError **error)
{
    char ***keys = &p->repo->rpm->gpgkeys;
    take_list(text, keys);
    g_autofree char *folder = g_path_get_dirname(p->file->name);
    g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
    for (char **key = *keys; *key != NULL; key++) {
        if (strstr(*key, "://") != NULL && !g_str_has_prefix(*key, "file://"))
            return manifest_place_set_error(&p->place, error,
                                            "key ‘%s’ is not on this machine; fetch it, check it, "
                                            "and name the file",
                                            *key);
        const char *path = g_str_has_prefix(*key, "file://") ? *key + strlen("file://") : *key;
        char *full = g_canonicalize_filename(path, absolute);
        g_free(*key);
        *key = full;
    }
    return true;
}

static bool take_known(Parse *p, const char *text, bool *out_known, GError **error)
{
    ManifestRpmRepo *rpm = p->repo->rpm;
    const char *key = p->key;
    *out_known = true;
    if (strcmp(key, "baseurl") == 0)
        return take_list(text, &p->repo->urls);
    if (strcmp(key, "metalink") == 0)
        return take_text(text, &rpm->metalink);
    if (strcmp(key, "mirrorlist") == 0)
        return take_text(text, &rpm->mirrorlist);
    if (strcmp(key, "gpgkey") == 0)
        return take_keys(p, text, error);
    if (strcmp(key, "gpgcheck") == 0 || strcmp(key, "pkg_gpgcheck") == 0)
        return take_bool(p, text, &rpm->gpgcheck, error);
    if (strcmp(key, "repo_gpgcheck") == 0)
        return take_bool(p, text, &rpm->repo_gpgcheck, error);
    if (strcmp(key, "module_hotfixes") == 0)
        return take_bool(p, text, &rpm->module_hotfixes, error);
    if (strcmp(key, "cost") == 0)
        return take_number(p, text, &rpm->cost, error);
    if (strcmp(key, "priority") == 0)
        return take_number(p, text, &rpm->priority, error);
    if (strcmp(key, "excludepkgs") == 0 || strcmp(key, "exclude") == 0)
        return take_list(text, &rpm->excludepkgs);
    if (strcmp(key, "includepkgs") == 0)
        return take_list(text, &rpm->includepkgs);
    *out_known = false;
    return true;
}

/* What changes how dnf fetches, caches or shows, but not what there is. */
static bool is_harmless(const char *key)
{
    static const char *const harmless[] = {"name",
                                           "enabled",
                                           "type",
                                           "metadata_expire",
                                           "skip_if_unavailable",
                                           "countme",
                                           "fastestmirror",
                                           "keepcache",
                                           "max_parallel_downloads",
                                           "mirrorlist_expire",
                                           "enablegroups",
                                           "deltarpm",
                                           "deltarpm_percentage",
                                           "timeout",
                                           "minrate",
                                           "throttle",
                                           "bandwidth",
                                           "retries",
                                           "failovermethod",
                                           "ip_resolve",
                                           "metadata_timer_sync",
                                           "enabled_metadata",
                                           "user_agent",
                                           "autorefresh",
                                           "gpgkey_dns_verification",
                                           "repositoryid",
                                           "mediaid",
                                           "async",
                                           "keepalive",
                                           NULL};
    return g_strv_contains(harmless, key);
}

static bool set_unknown(const Parse *p, GError **error)
{
    static const char *const known[] = {
        "baseurl",         "metalink", "mirrorlist", "gpgkey",      "gpgcheck",    "repo_gpgcheck",
        "module_hotfixes", "cost",     "priority",   "excludepkgs", "includepkgs", "name",
        "enabled",         "exclude",  NULL};
    static const char *const refused[] = {"sslverify", "sslcacert", "sslclientcert", "sslclientkey",
                                          "username",  "password",  "proxy",         NULL};
    if (g_strv_contains(refused, p->key))
        return manifest_place_set_error(&p->place, error,
                                        "‘%s’ is not supported: set it for the machine "
                                        "(https_proxy, trusted certificates), not for a repository",
                                        p->key);
    const char *nearest = base_nearest_name(p->key, known);
    return manifest_place_set_error(&p->place, error, "unknown key ‘%s’%s%s%s", p->key,
                                    nearest != NULL ? "; did you mean ‘" : "",
                                    nearest != NULL ? nearest : "", nearest != NULL ? "’?" : "");
}

/* The value is complete: the next line begins something else. */
static bool end_value(Parse *p, GError **error)
{
    if (p->key == NULL)
        return true;
    ManifestPlace here = p->place;
    p->place.line = p->value_line;
    bool known = false;
    bool skip = p->repo == NULL || is_harmless(p->key);
    g_autofree char *text = skip ? NULL : replace(p, p->value->str, error);
    bool ok = skip || (text != NULL && take_known(p, text, &known, error) &&
                       (known || set_unknown(p, error)));
    p->place = here;
    g_clear_pointer(&p->key, g_free);
    g_string_truncate(p->value, 0);
    return ok;
}

/* --- lines --- */

static bool add_repo(Parse *p, const char *id, GError **error)
{
    for (guint i = 0; i < p->repos->len; i++) {
        const ManifestRepo *earlier = p->repos->pdata[i];
        if (strcmp(earlier->id, id) == 0)
            return manifest_place_set_error(&p->place, error,
                                            "there is already a repository ‘%s’ on line %u", id,
                                            earlier->place.line);
    }
    ManifestRepo *repo = g_new0(ManifestRepo, 1);
    repo->kind = MANIFEST_REPO_RPM;
    repo->id = g_strdup(id);
    repo->urls = g_new0(char *, 1);
    repo->suites = g_new0(char *, 1);
    repo->components = g_new0(char *, 1);
    repo->rpm = manifest_rpm_repo_new();
    repo->place = manifest_place_copy(&p->place);
    g_ptr_array_add(p->repos, repo);
    p->repo = repo;
    return true;
}

static bool start_section(Parse *p, const char *line, GError **error)
{
    size_t n = strlen(line);
    if (n < 3 || line[n - 1] != ']')
        return manifest_place_set_error(&p->place, error, "‘%.100s’ is no ‘[REPOSITORY]’", line);
    g_autofree char *raw = g_strndup(line + 1, n - 2);
    g_autofree char *id = replace(p, raw, NULL);
    const char *name = id != NULL ? id : raw;
    p->repo = NULL;
    if (++p->n_sections > MAX_REPOS)
        return manifest_place_set_error(&p->place, error, "more than %d repositories", MAX_REPOS);
    if (p->ids != NULL)
        g_ptr_array_add(p->ids, g_strdup(name));
    return (p->wanted != NULL && strcmp(p->wanted, name) != 0) || add_repo(p, name, error);
}

static bool start_value(Parse *p, const char *line, GError **error)
{
    const char *equals = strchr(line, '=');
    if (equals == NULL || equals == line)
        return manifest_place_set_error(&p->place, error, "wanted ‘KEY=VALUE’, found ‘%.100s’",
                                        line);
    if (p->n_sections == 0)
        return manifest_place_set_error(&p->place, error,
                                        "‘%.100s’ stands before the first ‘[REPOSITORY]’", line);
    p->key = g_strchomp(g_strndup(line, (gsize)(equals - line)));
    p->value_line = p->place.line;
    const char *value = equals + 1;
    while (g_ascii_isspace(*value))
        value++;
    g_string_assign(p->value, value);
    return true;
}

static bool take_line(Parse *p, char *line, GError **error)
{
    bool goes_on = g_ascii_isspace(*line);
    g_strchomp(line);
    if (!g_utf8_validate(line, -1, NULL))
        return manifest_place_set_error(&p->place, error, "the line is not UTF-8");
    if (goes_on && p->key != NULL) {
        g_strchug(line);
        if (*line != '\0' && *line != '#')
            g_string_append_printf(p->value, " %s", line);
        return true;
    }
    if (*line == '#' || *line == ';' || *line == '\0')
        return true;
    if (!end_value(p, error))
        return false;
    g_strchug(line);
    return *line == '[' ? start_section(p, line, error) : start_value(p, line, error);
}

GPtrArray *manifest_repo_file_parse(const ManifestRepoFile *file, const char *wanted,
                                    GPtrArray *ids, GError **error)
{
    g_autoptr(GPtrArray) repos = g_ptr_array_new_with_free_func((GDestroyNotify)manifest_repo_free);
    g_auto(Parse) p = {.file = file,
                       .wanted = wanted,
                       .ids = ids,
                       .repos = repos,
                       .place = {.file = (char *)(uintptr_t)file->name, .line = 1, .column = 1},
                       .value = g_string_new(NULL)};
    if (file->size_bytes > MANIFEST_REPO_FILE_MAX_BYTES ||
        (file->size_bytes > 0 && memchr(file->data, '\0', file->size_bytes) != NULL)) {
        manifest_place_set_error(&p.place, error, "longer than 1 MiB, or no text");
        return NULL;
    }
    for (size_t at = 0; at < file->size_bytes; p.place.line++) {
        const char *newline = memchr(file->data + at, '\n', file->size_bytes - at);
        size_t n = newline != NULL ? (size_t)(newline - file->data) - at : file->size_bytes - at;
        g_autofree char *line = g_strndup(file->data + at, n);
        if (!take_line(&p, line, error))
            return NULL;
        at += n + 1;
    }
    return end_value(&p, error) ? g_steal_pointer(&repos) : NULL;
}

/* --- folders --- */

static const char *find_variable(const char *name, void *user_data)
{
    const Manifest *manifest = user_data;
    for (guint i = 0; i < manifest->repovars->len; i++) {
        const ManifestVariable *variable = manifest->repovars->pdata[i];
        if (strcmp(variable->name, name) == 0)
            return variable->value;
    }
    if (strcmp(name, "releasever") == 0)
        return manifest->releasever;
    if (strcmp(name, "basearch") == 0 || strcmp(name, "arch") == 0)
        return manifest_key_basearch();
    return NULL;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_files(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name = NULL; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        if (g_str_has_suffix(name, ".repo") && name[0] != '.' && names->len < MAX_FILES)
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    return names;
}

/* A key that lies beside its .repo file counts where the path in it does not exist here. */
static void find_keys(const char *folder, char **keys)
{
    for (char **key = keys; *key != NULL; key++) {
        if (manifest_rpm_repo_is_armoured(*key) || g_file_test(*key, G_FILE_TEST_EXISTS))
            continue;
        g_autofree char *base = g_path_get_basename(*key);
        g_autofree char *beside = g_build_filename(folder, base, NULL);
        if (!g_file_test(beside, G_FILE_TEST_IS_REGULAR))
            continue;
        g_free(*key);
        *key = g_canonicalize_filename(beside, NULL);
    }
}

/* Sets @out_repo to %NULL when the file has no such repository. */
static bool search_file(const Manifest *manifest, const char *path, const char *id, GPtrArray *ids,
                        ManifestRepo **out_repo, GError **error)
{
    g_autoptr(GBytes) bytes =
        base_fd_read_file(AT_FDCWD, path, MANIFEST_REPO_FILE_MAX_BYTES, error);
    if (bytes == NULL)
        return false;
    ManifestRepoFile file = {
        .name = path, .variable = find_variable, .user_data = (void *)(uintptr_t)manifest};
    file.data = g_bytes_get_data(bytes, &file.size_bytes);
    g_autoptr(GPtrArray) found = manifest_repo_file_parse(&file, id, ids, error);
    if (found == NULL)
        return false;
    *out_repo = found->len > 0 ? g_ptr_array_steal_index(found, 0) : NULL;
    return true;
}

static bool search_folder(const Manifest *manifest, const char *folder, const char *id,
                          GPtrArray *ids, ManifestRepo **out_repo, GError **error)
{
    g_autoptr(GPtrArray) names = list_files(folder);
    for (guint i = 0; i < names->len && *out_repo == NULL; i++) {
        g_autofree char *path = strcmp(folder, ".") == 0
                                    ? g_strdup(names->pdata[i])
                                    : g_build_filename(folder, names->pdata[i], NULL);
        if (!search_file(manifest, path, id, ids, out_repo, error))
            return false;
    }
    if (*out_repo != NULL)
        find_keys(folder, (*out_repo)->rpm->gpgkeys);
    return true;
}

static void set_missing(const char *id, GPtrArray *ids, const ManifestPlace *place, GError **error)
{
    g_ptr_array_add(ids, NULL);
    const char *nearest = base_nearest_name(id, (const char *const *)ids->pdata);
    if (nearest != NULL)
        manifest_place_set_error(place, error,
                                 "no *.repo file beside the manifest has a repository ‘%s’; did "
                                 "you mean ‘%s’?",
                                 id, nearest);
    else
        manifest_place_set_error(
            place, error,
            "there is no repository ‘%s’; say ‘host-apt’ for this machine's apt sources, put a "
            "*.repo file with ‘[%s]’ beside the manifest, or say a mapping with name, type and url",
            id, id);
}

ManifestRepo *manifest_repo_file_find(const Manifest *manifest, const char *id,
                                      const ManifestPlace *place, GError **error)
{
    g_autofree char *own = g_path_get_dirname(place->file);
    g_autofree char *first = g_path_get_dirname(manifest->path);
    const char *const folders[] = {own, first};
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    ManifestRepo *repo = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(folders) && repo == NULL; i++)
        if (!search_folder(manifest, folders[i], id, ids, &repo, error))
            return NULL;
    if (repo == NULL)
        set_missing(id, ids, place, error);
    return repo;
}
