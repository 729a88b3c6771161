/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which files of an rpm go into a tree, by the marks in its header.
 */
#include "tree/rpm/files.h"

#include "tree/rpm/colours.h"

#include <string.h>

/* A file's "de|de_AT" against install-langs, where "de_DE" wants "de" too. */
static bool is_wanted_language(const char *marks, const GPtrArray *wanted)
{
    g_auto(GStrv) languages = g_strsplit(marks, "|", -1);
    for (guint i = 0; i < wanted->len; i++) {
        const char *name = ((const ManifestString *)wanted->pdata[i])->text;
        for (char **language = languages; *language != NULL; language++)
            if (**language != '\0' && g_str_has_prefix(name, *language))
                return true;
    }
    return false;
}

static bool stays_out(rpmfiles files, int index, const Manifest *manifest)
{
    rpmfileAttrs flags = rpmfilesFFlags(files, index);
    const char *languages = rpmfilesFLangs(files, index);
    if ((flags & RPMFILE_LICENSE) != 0)
        return false;
    if (manifest->install_langs->len > 0 && languages != NULL && *languages != '\0' &&
        !is_wanted_language(languages, manifest->install_langs))
        return true;
    return !manifest->documentation && (flags & RPMFILE_DOC) != 0;
}

typedef struct {
    rpmfiles files;
    uint8_t *states;
    unsigned *left; /* owned: files that stay, by directory */
    bool *emptied;  /* owned: whether one was left out, by directory */
} Choice;

static void leave_out(Choice *choice, int index)
{
    int folder = rpmfilesDI(choice->files, index);
    choice->states[index] = RPMFILE_STATE_NOTINSTALLED;
    choice->left[folder]--;
    choice->emptied[folder] = true;
}

/* The package's own entry for a directory all of whose files were left out goes with them. */
static void leave_out_folder(Choice *choice, const char *folder)
{
    if (!g_str_has_suffix(folder, "/"))
        return;
    g_autofree char *path = g_strndup(folder, strlen(folder) - 1);
    int index = rpmfilesFindFN(choice->files, path);
    if (index >= 0 && choice->states[index] == RPMFILE_STATE_NORMAL &&
        S_ISDIR(rpmfilesFMode(choice->files, index)))
        leave_out(choice, index);
}

GBytes *tree_rpm_files_states(rpmfiles files, const Manifest *manifest, GHashTable *colours,
                              const char *package_sha256)
{
    int n_files = (int)rpmfilesFC(files), n_folders = (int)rpmfilesDC(files);
    uint8_t *states = g_malloc0((size_t)n_files + 1);
    g_autofree unsigned *left = g_new0(unsigned, (size_t)n_folders + 1);
    g_autofree bool *emptied = g_new0(bool, (size_t)n_folders + 1);
    Choice choice = {.files = files, .states = states, .left = left, .emptied = emptied};
    for (int i = 0; i < n_files; i++)
        left[rpmfilesDI(files, i)]++;
    for (int i = 0; i < n_files; i++)
        if (stays_out(files, i, manifest))
            leave_out(&choice, i);
    for (int i = n_folders - 1; i >= 0; i--)
        if (left[i] == 0 && emptied[i])
            leave_out_folder(&choice, rpmfilesDN(files, i));
    for (int i = 0; i < n_files; i++)
        if (states[i] == RPMFILE_STATE_NORMAL &&
            tree_rpm_colours_gives_way(colours, package_sha256, files, i))
            states[i] = RPMFILE_STATE_WRONGCOLOR;
    return g_bytes_new_take(states, (size_t)n_files);
}

/* Directories that only files which stay out have led to. */
static void remove_empty_parents(StoreNode *root, GHashTable *owned, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);
    while (strcmp(parent, "/") != 0 && strcmp(parent, ".") != 0) {
        const StoreNode *node = store_node_find(root, parent);
        if (g_hash_table_contains(owned, parent))
            return;
        if (node != NULL && (!store_node_is_dir(node) || g_hash_table_size(node->children) > 0))
            return;
        (void)store_node_remove(root, parent);
        char *next = g_path_get_dirname(parent);
        g_free(parent);
        parent = next;
    }
}

static StoreNode *without(const StoreNode *root, rpmfiles files, const uint8_t *states)
{
    StoreNode *copy = store_node_copy(root);
    int n_files = (int)rpmfilesFC(files);
    g_autoptr(GHashTable) owned = g_hash_table_new_full(g_str_hash, g_str_equal, free, NULL);
    for (int i = 0; i < n_files; i++)
        if (states[i] == RPMFILE_STATE_NORMAL)
            g_hash_table_add(owned, rpmfilesFN(files, i));
    /* backwards, so that what lies in a directory goes before it */
    for (int i = n_files - 1; i >= 0; i--) {
        if (states[i] == RPMFILE_STATE_NORMAL)
            continue;
        char *path = rpmfilesFN(files, i);
        const StoreNode *node = store_node_find(copy, path);
        if (node != NULL && store_node_is_dir(node) && g_hash_table_size(node->children) > 0) {
            free(path);
            continue;
        }
        (void)store_node_remove(copy, path);
        remove_empty_parents(copy, owned, path);
        free(path);
    }
    return copy;
}

static bool all_stay(const uint8_t *states, size_t n_files)
{
    for (size_t i = 0; i < n_files; i++)
        if (states[i] != RPMFILE_STATE_NORMAL)
            return false;
    return true;
}

bool tree_rpm_files_select(const PackagesImported *one, const Manifest *manifest,
                           GHashTable *colours, StoreNode **out_selected, GError **error)
{
    g_autoptr(TreeRpmHeader) header = tree_rpm_header_load(one->header, error);
    if (header == NULL)
        return false;
    g_autoptr(TreeRpmFiles) files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, 0);
    if (files == NULL)
        return true;
    g_autoptr(GBytes) states =
        tree_rpm_files_states(files, manifest, colours, one->package->sha256);
    size_t n_files = 0;
    const uint8_t *state = g_bytes_get_data(states, &n_files);
    if (!all_stay(state, n_files))
        *out_selected = without(one->root, files, state);
    return true;
}
