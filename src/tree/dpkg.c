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
    GPtrArray *file_interests;   /* owned: "PATH PACKAGE[/noawait]" */
    GPtrArray *file_paths;       /* owned: PATH of each of these */
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
    triggers->file_paths = g_ptr_array_new_with_free_func(g_free);
    triggers->named_interests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_string);
    triggers->activated = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void triggers_clear(Triggers *triggers)
{
    g_ptr_array_unref(triggers->file_interests);
    g_ptr_array_unref(triggers->file_paths);
    g_hash_table_unref(triggers->named_interests);
    g_hash_table_unref(triggers->activated);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Triggers, triggers_clear)

static void add_interest(Triggers *triggers, const char *name, const char *package, bool awaits)
{
    const char *suffix = awaits ? "" : "/noawait";
    if (*name == '/') {
        g_ptr_array_add(triggers->file_interests,
                        g_strdup_printf("%s %s%s", name, package, suffix));
        g_ptr_array_add(triggers->file_paths, g_strdup(name));
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
static void read_directives(Triggers *triggers, const char *package, const char *text)
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
            add_interest(triggers, name, package, !g_str_has_suffix(words[0], "-noawait"));
        else if (g_str_has_prefix(words[0], "activate"))
            g_hash_table_add(triggers->activated, g_strdup(name));
    }
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
        read_directives(triggers, package, g_bytes_get_data(text, NULL));
    }
    return true;
}

/* A file trigger is set off by any file at or below its path. */
static void activate_files(Triggers *triggers, StoreNode *root)
{
    for (guint i = 0; i < triggers->file_paths->len; i++) {
        const char *path = triggers->file_paths->pdata[i];
        g_autofree char *merged = g_str_has_prefix(path, "/lib/") || g_str_has_prefix(path, "/bin/")
                                      ? g_strconcat("usr", path, NULL)
                                      : g_strdup(path + 1);
        if (store_node_find(root, merged) != NULL)
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

static bool put_triggers(StoreNode *root, int repo_fd, GError **error)
{
    g_auto(Triggers) triggers = {0};
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

bool tree_dpkg_put(StoreNode *root, int repo_fd, GPtrArray *imported, GError **error)
{
    g_autoptr(GString) status = g_string_new(NULL);
    for (guint i = 0; i < imported->len; i++)
        g_string_append_printf(status, "%s\n",
                               ((const PackagesImported *)imported->pdata[i])->stanza);
    (void)store_node_make_dirs(root, PACKAGES_DPKG_DIR "/updates");
    (void)store_node_make_dirs(root, PACKAGES_DPKG_DIR "/parts");
    return store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/status", 0644, status->str,
                               error) &&
           store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/info/format", 0644, "1\n",
                               error) &&
           store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/available", 0644, "", error) &&
           store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/diversions", 0644, "", error) &&
           store_tree_put_text(root, repo_fd, PACKAGES_DPKG_DIR "/statoverride", 0644, "", error) &&
           store_tree_put_link(root, repo_fd, "var/lib/dpkg", "../../" PACKAGES_DPKG_DIR, error) &&
           put_triggers(root, repo_fd, error);
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
