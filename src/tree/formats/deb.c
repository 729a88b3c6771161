/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trees of debs: merged /usr, dpkg's database, the tree's own ‘dpkg --configure -a’.
 */
#include "packages/formats/deb.h"
#include "tree/dpkg.h"
#include "tree/format.h"
#include "tree/formats/deb-plan.h"
#include "tree/rules.h"

#include <string.h>
#include <sys/stat.h>

/* Merged /usr and the mount points; base-files brings the rest. */
static bool put_skeleton(StoreNode *root, int repo_fd, GError **error)
{
    static const char *const aliases[] = {"bin", "sbin", "lib", "lib64", NULL};
    for (const char *const *alias = aliases; *alias != NULL; alias++) {
        g_autofree char *target = g_strconcat("usr/", *alias, NULL);
        (void)store_node_make_dirs(root, target);
        if (!store_tree_put_link(root, repo_fd, *alias, target, error))
            return false;
    }
    static const char *const folders[] = {"dev", "proc", "run", "sys", "etc", "var/lib", NULL};
    for (const char *const *folder = folders; *folder != NULL; folder++)
        (void)store_node_make_dirs(root, *folder);
    StoreNode *tmp = store_node_make_dirs(root, "tmp");
    tmp->meta.mode = S_IFDIR | 01777;
    return true;
}

/* "a (<< 1), b:any | c" to names; versions are not compared: the solver chose these. */
static void note_replaces(GHashTable *set, const char *package, const char *stanza)
{
    g_auto(GStrv) lines = g_strsplit(stanza, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (g_ascii_strncasecmp(*line, "Replaces:", 9) != 0)
            continue;
        g_auto(GStrv) names = g_strsplit_set(*line + 9, ",|", -1);
        for (char **name = names; *name != NULL; name++) {
            g_strstrip(*name);
            (*name)[strcspn(*name, " (:")] = '\0';
            g_hash_table_add(set, g_strconcat(package, "\n", *name, NULL));
        }
    }
}

static GHashTable *replacements(const GPtrArray *imported)
{
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        note_replaces(set, one->package->name, one->stanza);
    }
    return set;
}

static void copy_if_there(StoreNode *root, const char *from, const char *to)
{
    const StoreNode *node = store_node_find(root, from);
    if (node != NULL && store_node_find(root, to) == NULL)
        store_node_put(root, to, store_node_copy(node));
}

/* The database, and what a bootstrap lays down before the first script can run. */
static bool put_database(StoreNode *root, int repo_fd, GPtrArray *imported, GError **error)
{
    copy_if_there(root, "usr/share/base-passwd/passwd.master", "etc/passwd");
    copy_if_there(root, "usr/share/base-passwd/group.master", "etc/group");
    if (store_node_find(root, "usr/bin/mawk") != NULL &&
        store_node_find(root, "usr/bin/awk") == NULL &&
        !store_tree_put_link(root, repo_fd, "usr/bin/awk", "mawk", error))
        return false;
    return tree_dpkg_put(root, repo_fd, imported, error);
}

/* A deb's scripts and its paragraph are in the tree; what becomes of scripts is not. */
static char *recipe(const Manifest *manifest, const GPtrArray *imported)
{
    (void)manifest;
    (void)imported;
    g_autofree char *scripts = tree_scripts_recipe();
    g_autofree char *rules = tree_rules_digest();
    return g_strconcat(scripts, rules, NULL);
}

static bool run_scripts(const TreeFormatRun *run, GCancellable *cancellable, GError **error)
{
    return tree_scripts_configure(run->scripts, run->imported, run->progress, cancellable, error);
}

const TreeFormat tree_format_deb = {
    .name = "deb",
    .database_dir = PACKAGES_DPKG_DIR,
    .database_link = "var/lib/dpkg",
    .database_target = "../../" PACKAGES_DPKG_DIR,
    .first_package = "base-files",
    .put_skeleton = put_skeleton,
    .replacements = replacements,
    .plan = tree_deb_plan,
    .diversions = tree_dpkg_diversions,
    .put_database = put_database,
    .run_scripts = run_scripts,
    .recipe = recipe,
    .clean = tree_dpkg_clean,
};
