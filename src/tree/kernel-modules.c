/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which kernel modules stay in a tree: those of a set in data/rules/kernel-modules-1.yaml, with
 * all that they depend on by modules.dep and modules.softdep.
 */
#include "tree/kernel-modules.h"

#include "base/yaml.h"
#include "tree/inside.h"

#include <fnmatch.h>
#include <gio/gio.h>
#include <string.h>

#define RULES "/atoll/rules/kernel-modules-1.yaml"
#define MODULES "usr/lib/modules"
#define INDEX_MAX_BYTES (32 * 1024 * 1024)

typedef struct {
    GHashTable *needs; /* path of a module to the paths (GStrv) that it needs */
    GHashTable *names; /* name of a module, "_" for "-", to its path */
    GHashTable *soft;  /* name of a module to the names (GPtrArray) that it wants */
    GHashTable *kept;  /* set of paths, borrowed from needs */
} Choice;

static void choice_clear(Choice *choice)
{
    g_clear_pointer(&choice->kept, g_hash_table_unref);
    g_clear_pointer(&choice->soft, g_hash_table_unref);
    g_clear_pointer(&choice->names, g_hash_table_unref);
    g_clear_pointer(&choice->needs, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Choice, choice_clear)

/* "kernel/drivers/net/virtio_net.ko.xz" is virtio_net. */
static char *module_name(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *dot = strstr(base, ".ko");
    if (dot != NULL)
        *dot = '\0';
    return g_strdelimit(g_steal_pointer(&base), "-", '_');
}

static bool is_inner(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", 0);
    return path[0] != '/' && path[0] != '\0' && !g_strv_contains((const char *const *)parts, "..");
}

static bool read_dep(Choice *choice, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        char *colon = strchr(lines[i], ':');
        if (lines[i][0] == '\0')
            continue;
        if (colon != NULL)
            *colon = '\0';
        if (colon == NULL || !is_inner(lines[i])) {
            g_set_error(error, TREE_ERROR, TREE_ERROR_KERNEL,
                        "modules.dep, line %zu: ‘%s’ is no module", i + 1, lines[i]);
            return false;
        }
        char *path = g_strdup(lines[i]);
        g_hash_table_insert(choice->needs, path, g_strsplit_set(g_strchug(colon + 1), " ", 0));
        g_hash_table_insert(choice->names, module_name(path), path);
    }
    return true;
}

/* "softdep crc32c pre: crc32c_intel post: other" */
static void read_softdep(Choice *choice, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit_set(lines[i], " \t", 0);
        if (g_strv_length(words) < 3 || strcmp(words[0], "softdep") != 0)
            continue;
        GPtrArray *wanted = g_ptr_array_new_with_free_func(g_free);
        for (size_t n = 2; words[n] != NULL; n++) {
            if (words[n][0] != '\0' && !g_str_has_suffix(words[n], ":"))
                g_ptr_array_add(wanted, g_strdelimit(g_strdup(words[n]), "-", '_'));
        }
        g_hash_table_insert(choice->soft, g_strdelimit(g_strdup(words[1]), "-", '_'), wanted);
    }
}

/* Marks all that @first needs; a list of what is still to look at, since chains may be long. */
static void keep(Choice *choice, const char *first)
{
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    g_ptr_array_add(todo, (gpointer)first);
    while (todo->len > 0) {
        const char *path = g_ptr_array_remove_index_fast(todo, todo->len - 1);
        gpointer own = NULL;
        gpointer needs = NULL;
        if (!g_hash_table_lookup_extended(choice->needs, path, &own, &needs) ||
            !g_hash_table_add(choice->kept, own))
            continue;
        for (char **need = needs; *need != NULL; need++)
            g_ptr_array_add(todo, *need);
        g_autofree char *name = module_name(path);
        const GPtrArray *soft = g_hash_table_lookup(choice->soft, name);
        for (guint i = 0; soft != NULL && i < soft->len; i++) {
            gpointer wanted = g_hash_table_lookup(choice->names, soft->pdata[i]);
            if (wanted != NULL)
                g_ptr_array_add(todo, wanted);
        }
    }
}

static bool matches(const char *path, const char *const *patterns)
{
    for (const char *const *pattern = patterns; *pattern != NULL; pattern++) {
        if (fnmatch(*pattern, path, 0) == 0)
            return true;
    }
    return false;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *tree_kernel_modules_choose(const char *dep, const char *softdep,
                                      const char *const *patterns, GError **error)
{
    g_auto(Choice) choice = {
        .needs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev),
        .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .soft = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify)g_ptr_array_unref),
        .kept = g_hash_table_new(g_str_hash, g_str_equal),
    };
    if (!read_dep(&choice, dep, error))
        return NULL;
    if (softdep != NULL)
        read_softdep(&choice, softdep);
    g_autofree char **paths = (char **)g_hash_table_get_keys_as_array(choice.needs, NULL);
    for (size_t i = 0; paths[i] != NULL; i++) {
        if (matches(paths[i], patterns))
            keep(&choice, paths[i]);
    }
    GPtrArray *gone = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; paths[i] != NULL; i++) {
        if (!g_hash_table_contains(choice.kept, paths[i]))
            g_ptr_array_add(gone, g_strdup(paths[i]));
    }
    g_ptr_array_sort(gone, compare_paths);
    return gone;
}

/* --- in a tree --- */

static char **load_patterns(const char *set, GError **error)
{
    g_autoptr(GBytes) bytes = g_resources_lookup_data(RULES, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
    g_autoptr(BaseYaml) yaml =
        bytes != NULL ? base_yaml_parse("kernel-modules-1.yaml", bytes, error) : NULL;
    if (yaml == NULL)
        return NULL;
    const BaseYamlNode *node = base_yaml_find(yaml->root, set);
    if (node == NULL || node->kind != BASE_YAML_LIST) {
        base_yaml_set_error(yaml, yaml->root, error, "there is no list ‘%s’", set);
        return NULL;
    }
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < node->values->len; i++) {
        const char *text = NULL;
        if (!base_yaml_get_string(yaml, node->values->pdata[i], set, &text, error))
            return NULL;
        g_strv_builder_add(builder, text);
    }
    return g_strv_builder_end(builder);
}

static bool run_depmod(TreeScripts *scripts, const char *kernel, GCancellable *cancellable,
                       GError **error)
{
    const char *const argv[] = {"depmod", kernel, NULL};
    return tree_scripts_run(scripts, argv, NULL, "indexing kernel modules", cancellable, error);
}

static bool trim_kernel(TreeScripts *scripts, const char *kernel, const char *const *patterns,
                        const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    const char *root = tree_scripts_get_root(scripts);
    g_autofree char *folder = g_build_filename(MODULES, kernel, NULL);
    g_autofree char *dep_path = g_build_filename(folder, "modules.dep", NULL);
    g_autofree char *soft_path = g_build_filename(folder, "modules.softdep", NULL);
    if (!run_depmod(scripts, kernel, cancellable, error))
        return false;
    g_autofree char *dep = tree_inside_read(root, dep_path, INDEX_MAX_BYTES, error);
    if (dep == NULL)
        return false;
    g_autofree char *soft = tree_inside_read(root, soft_path, INDEX_MAX_BYTES, NULL);
    g_autoptr(GPtrArray) gone = tree_kernel_modules_choose(dep, soft, patterns, error);
    if (gone == NULL)
        return false;
    for (guint i = 0; i < gone->len; i++) {
        g_autofree char *path = g_build_filename(folder, gone->pdata[i], NULL);
        if (!tree_inside_remove(root, path, error))
            return false;
    }
    base_progress_note(progress, "kernel %s: %u modules left out", kernel, gone->len);
    return run_depmod(scripts, kernel, cancellable, error);
}

/* Fedora's kernels come without an index: a script that belongs to a machine would make it. */
static bool index_kernel(TreeScripts *scripts, const char *kernel, GCancellable *cancellable,
                         GError **error)
{
    const char *root = tree_scripts_get_root(scripts);
    g_autofree char *folder = g_build_filename(MODULES, kernel, NULL);
    g_autoptr(GPtrArray) names = tree_inside_list(root, folder);
    bool has_modules = g_ptr_array_find_with_equal_func(names, "kernel", g_str_equal, NULL);
    bool has_index = g_ptr_array_find_with_equal_func(names, "modules.dep", g_str_equal, NULL);
    return !has_modules || has_index || run_depmod(scripts, kernel, cancellable, error);
}

static bool index_kernels(TreeScripts *scripts, GCancellable *cancellable, GError **error)
{
    g_autoptr(GPtrArray) kernels = tree_inside_list(tree_scripts_get_root(scripts), MODULES);
    for (guint i = 0; i < kernels->len; i++)
        if (!index_kernel(scripts, kernels->pdata[i], cancellable, error))
            return false;
    return true;
}

bool tree_kernel_modules_trim(TreeScripts *scripts, const Manifest *manifest,
                              const BaseProgress *progress, GCancellable *cancellable,
                              GError **error)
{
    if (g_strcmp0(manifest->kernel_modules, "cloud") != 0)
        return manifest->container || index_kernels(scripts, cancellable, error);
    g_auto(GStrv) patterns = load_patterns(manifest->kernel_modules, error);
    if (patterns == NULL)
        return false;
    g_autoptr(GPtrArray) kernels = tree_inside_list(tree_scripts_get_root(scripts), MODULES);
    for (guint i = 0; i < kernels->len; i++) {
        if (!trim_kernel(scripts, kernels->pdata[i], (const char *const *)patterns, progress,
                         cancellable, error))
            return false;
    }
    return true;
}
