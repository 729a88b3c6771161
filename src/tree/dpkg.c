/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * dpkg's database as it stands between unpacking and configuring (dpkg's doc/triggers.txt
 * and the files of /var/lib/dpkg).
 */
#include "tree/dpkg.h"

#include "packages/formats/deb.h"
#include "store/loose.h"

#include <string.h>

typedef struct {
    GPtrArray *packages;         /* borrowed: those that were unpacked last */
    GPtrArray *file_interests;   /* owned: "PATH PACKAGE[/noawait]" */
    GPtrArray *old_paths;        /* owned: PATH of those that were interests before */
    GPtrArray *new_paths;        /* owned: PATH of the others */
    GHashTable *named_interests; /* owned: name to GString of lines */
    GHashTable *activated;       /* owned: set of trigger names */
} Triggers;

static void free_string(void *string)
{
    (void)g_string_free(string, TRUE);
}

static void triggers_init(Triggers *triggers)
{
    triggers->file_interests = g_ptr_array_new_with_free_func(g_free);
    triggers->old_paths = g_ptr_array_new_with_free_func(g_free);
    triggers->new_paths = g_ptr_array_new_with_free_func(g_free);
    triggers->named_interests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_string);
    triggers->activated = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void triggers_clear(Triggers *triggers)
{
    g_ptr_array_unref(triggers->file_interests);
    g_ptr_array_unref(triggers->old_paths);
    g_ptr_array_unref(triggers->new_paths);
    g_hash_table_unref(triggers->named_interests);
    g_hash_table_unref(triggers->activated);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Triggers, triggers_clear)

static void add_interest(Triggers *triggers, const char *name, const char *package,
                         const char *suffix, bool is_new)
{
    if (*name == '/') {
        g_ptr_array_add(triggers->file_interests,
                        g_strdup_printf("%s %s%s", name, package, suffix));
        g_ptr_array_add(is_new ? triggers->new_paths : triggers->old_paths, g_strdup(name));
        return;
    }
    GString *lines = g_hash_table_lookup(triggers->named_interests, name);
    if (lines == NULL) {
        lines = g_string_new(NULL);
        g_hash_table_insert(triggers->named_interests, g_strdup(name), lines);
    }
    g_string_append_printf(lines, "%s%s\n", package, suffix);
}

/* deb-triggers(5) */
static void read_directives(Triggers *triggers, const char *package, const char *text, bool is_new)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        (*line)[strcspn(*line, "#")] = '\0';
        g_strstrip(*line);
        g_auto(GStrv) words = g_strsplit_set(*line, " \t", 2);
        if (words[0] == NULL || words[1] == NULL)
            continue;
        const char *name = g_strstrip(words[1]);
        if (g_str_has_prefix(words[0], "interest"))
            add_interest(triggers, name, package,
                         g_str_has_suffix(words[0], "-noawait") ? "/noawait" : "", is_new);
        else if (is_new && g_str_has_prefix(words[0], "activate"))
            g_hash_table_add(triggers->activated, g_strdup(name));
    }
}

static bool is_in_packages(const Triggers *triggers, const char *path)
{
    for (guint i = 0; i < triggers->packages->len; i++) {
        const PackagesImported *one = triggers->packages->pdata[i];
        if (store_node_find(one->root, path) != NULL)
            return true;
    }
    return false;
}

static bool read_triggers(Triggers *triggers, StoreNode *root, int repo_fd, GError **error)
{
    StoreNode *info = store_node_find(root, PACKAGES_DPKG_DIR "/info");
    if (info == NULL)
        return true;
    g_autoptr(GPtrArray) names = store_node_names(info);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (!g_str_has_suffix(name, ".triggers"))
            continue;
        const StoreNode *node = g_hash_table_lookup(info->children, name);
        g_autoptr(GBytes) text = store_load_contents(repo_fd, node->checksum, error);
        if (text == NULL)
            return false;
        g_autofree char *package = g_strndup(name, strlen(name) - strlen(".triggers"));
        g_autofree char *path = g_strconcat(PACKAGES_DPKG_DIR "/info/", name, NULL);
        read_directives(triggers, package, g_bytes_get_data(text, NULL),
                        is_in_packages(triggers, path));
    }
    return true;
}

static char *merged_path(const char *path)
{
    static const char *const aliases[] = {"/lib/", "/bin/", "/sbin/", "/lib64/", NULL};
    for (const char *const *alias = aliases; *alias != NULL; alias++)
        if (g_str_has_prefix(path, *alias))
            return g_strconcat("usr", path, NULL);
    return g_strdup(path + 1);
}

/* A file trigger is set off by any file at or below its path that came last, a new one by any. */
static void activate_files(Triggers *triggers, StoreNode *root)
{
    for (guint i = 0; i < triggers->new_paths->len; i++) {
        const char *path = triggers->new_paths->pdata[i];
        g_autofree char *merged = merged_path(path);
        if (store_node_find(root, merged) != NULL)
            g_hash_table_add(triggers->activated, g_strdup(path));
    }
    for (guint i = 0; i < triggers->old_paths->len; i++) {
        const char *path = triggers->old_paths->pdata[i];
        g_autofree char *merged = merged_path(path);
        if (is_in_packages(triggers, merged))
            g_hash_table_add(triggers->activated, g_strdup(path));
    }
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool put_named(const Triggers *triggers, StoreNode *root, int repo_fd, GError **error)
{
    GHashTableIter iter;
    void *name = NULL, *lines = NULL;
    g_hash_table_iter_init(&iter, triggers->named_interests);
    while (g_hash_table_iter_next(&iter, &name, &lines)) {
        g_autofree char *path = g_strdup_printf(PACKAGES_DPKG_DIR "/triggers/%s", (char *)name);
        if (strchr(name, '/') == NULL &&
            !store_tree_put_text(root, repo_fd, path, 0644, ((GString *)lines)->str, error))
            return false;
    }
    return true;
}

static bool put_triggers(StoreNode *root, int repo_fd, GPtrArray *packages, GError **error)
{
    g_auto(Triggers) triggers = {.packages = packages};
    triggers_init(&triggers);
    if (!read_triggers(&triggers, root, repo_fd, error))
        return false;
    activate_files(&triggers, root);
    g_autoptr(GString) file = g_string_new(NULL);
    for (guint i = 0; i < triggers.file_interests->len; i++)
        g_string_append_printf(file, "%s\n", (char *)triggers.file_interests->pdata[i]);
    g_autoptr(GPtrArray) activated = g_ptr_array_new();
    GHashTableIter iter;
    void *name = NULL;
    g_hash_table_iter_init(&iter, triggers.activated);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(activated, name);
    g_ptr_array_sort(activated, compare_text);
    g_autoptr(GString) unincorp = g_string_new(NULL);
    for (guint i = 0; i < activated->len; i++)
        g_string_append_printf(unincorp, "%s -\n", (char *)activated->pdata[i]);
    return store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/triggers/File", 0644, file->str,
                               error) &&
           store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/triggers/Unincorp", 0644,
                               unincorp->str, error) &&
           put_named(&triggers, root, repo_fd, error);
}

static char *read_text(StoreNode *root, int repo_fd, const char *path, GError **error)
{
    const StoreNode *node = store_node_find(root, path);
    if (node == NULL)
        return g_strdup("");
    g_autoptr(GBytes) text = store_load_contents(repo_fd, node->checksum, error);
    return text != NULL ? g_strdup(g_bytes_get_data(text, NULL)) : NULL;
}

/* What a first set of packages needs and later ones find. */
static bool put_empty(StoreNode *root, int repo_fd, GError **error)
{
    static const char *const files[][2] = {
        {"info/format", "1\n"}, {"available", ""}, {"diversions", ""}, {"statoverride", ""}};
    (void)store_node_make_dirs(root, PACKAGES_DPKG_DIR "/updates");
    (void)store_node_make_dirs(root, PACKAGES_DPKG_DIR "/parts");
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_strconcat(PACKAGES_DPKG_DIR "/", files[i][0], NULL);
        if (store_node_find(root, path) == NULL &&
            !store_tree_put_text(root, repo_fd, path, 0644, files[i][1], error))
            return false;
    }
    /* dpkg itself has a directory there */
    return store_tree_put_link(root, repo_fd, "var/lib/dpkg", "../../" PACKAGES_DPKG_DIR, error);
}

bool tree_dpkg_put(StoreNode *root, int repo_fd, GPtrArray *packages, GError **error)
{
    g_autofree char *before = read_text(root, repo_fd, PACKAGES_DPKG_DIR "/status", error);
    if (before == NULL)
        return false;
    g_autoptr(GString) status = g_string_new(before);
    for (guint i = 0; i < packages->len; i++)
        g_string_append_printf(status, "%s\n",
                               ((const PackagesImported *)packages->pdata[i])->stanza);
    return store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/status", 0644, status->str,
                               error) &&
           put_empty(root, repo_fd, error) && put_triggers(root, repo_fd, packages, error);
}

/* Lines of three: what is diverted, where to, and for whom (":" for the administrator). */
bool tree_dpkg_diversions(StoreNode *root, int repo_fd, GHashTable **out_diversions, GError **error)
{
    g_autofree char *text = read_text(root, repo_fd, PACKAGES_DPKG_DIR "/diversions", error);
    if (text == NULL)
        return false;
    g_autoptr(GHashTable) diversions =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; line[0] != NULL && line[1] != NULL && line[2] != NULL; line += 3) {
        if (line[0][0] != '/' || line[1][0] != '/')
            continue;
        g_autofree char *to = merged_path(line[1]);
        g_hash_table_insert(diversions, merged_path(line[0]), g_strconcat(to, "\n", line[2], NULL));
    }
    *out_diversions = g_steal_pointer(&diversions);
    return true;
}

void tree_dpkg_clean(StoreNode *root)
{
    static const char *const litter[] = {
        "available", "available-old", "status-old", "diversions-old", "statoverride-old",
        "lock",      "lock-frontend", "cmethopt",   "triggers/Lock",  NULL,
    };
    for (const char *const *name = litter; *name != NULL; name++) {
        g_autofree char *path = g_strconcat(PACKAGES_DPKG_DIR "/", *name, NULL);
        (void)store_node_remove(root, path);
    }
}
