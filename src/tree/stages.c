/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scripts in stages, each remembered by all that it can see.
 */
#include "tree/stages.h"

#include "base/digest.h"
#include "base/fd.h"
#include "store/tree.h"
#include "tree/delta.h"
#include "tree/scan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* raised when the same tree starts to give another one for a reason that no key has */
#define RECIPE "atoll stage 1"
#define REF_PREFIX "atoll/stage/"
#define UNUSED_MAX_S (30 * 24 * 3600)

struct _TreeStages {
    const Store *store;
    TreeAssemble assemble;
    const BaseProgress *progress;
    unsigned limit_s;
    TreeScripts *scripts; /* owned */
    GHashTable *fresh;    /* owned: ref to commit */
    GHashTable *used;     /* owned: set of refs */
    unsigned n_ran;
};

TreeStages *tree_stages_new(const Store *store, const TreeAssemble *assemble, unsigned limit_s,
                            const BaseProgress *progress)
{
    TreeStages *self = g_new0(TreeStages, 1);
    self->store = store;
    self->assemble = *assemble;
    self->limit_s = limit_s;
    self->progress = progress;
    self->fresh = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return self;
}

void tree_stages_free(TreeStages *self)
{
    if (self == NULL)
        return;
    tree_scripts_free(self->scripts);
    g_hash_table_unref(self->fresh);
    g_hash_table_unref(self->used);
    g_free(self);
}

static void hash_node(const char *path, StoreNode *node, void *user_data)
{
    BaseSha256 *sha256 = user_data;
    base_sha256_update(sha256, path, strlen(path) + 1);
    if (!store_node_is_dir(node)) {
        /* covers owner, mode, attributes and contents */
        base_sha256_update(sha256, node->checksum, sizeof node->checksum);
        return;
    }
    g_autoptr(GVariant) meta = store_object_user_meta(&node->meta);
    base_sha256_update(sha256, g_variant_get_data(meta), g_variant_get_size(meta));
}

static char *key_ref(const TreeStages *self, StoreNode *root, GPtrArray *packages)
{
    char key[BASE_SHA256_HEX_CHARS + 1];
    g_autofree char *recipe = self->assemble.format->recipe(self->assemble.manifest, packages);
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    base_sha256_update(sha256, RECIPE, sizeof RECIPE);
    base_sha256_update(sha256, recipe, strlen(recipe) + 1);
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = ((const PackagesImported *)packages->pdata[i])->package;
        base_sha256_update(sha256, package->name, strlen(package->name) + 1);
    }
    store_tree_visit(root, hash_node, sha256);
    base_sha256_finish_hex(sha256, key);
    return g_strconcat(REF_PREFIX, key, NULL);
}

TreeScripts *tree_stages_open(TreeStages *self, const StoreNode *root, GError **error)
{
    g_autoptr(TreeScripts) scripts = g_steal_pointer(&self->scripts);
    if (scripts != NULL)
        return tree_scripts_set_tree(scripts, root, error) ? g_steal_pointer(&scripts) : NULL;
    g_autofree char *scratch = store_make_scratch(self->store, "scripts", error);
    if (scratch == NULL)
        return NULL;
    scripts = tree_scripts_open(root, self->assemble.repo_fd, scratch, error);
    if (scripts != NULL)
        tree_scripts_set_limit(scripts, self->limit_s);
    return g_steal_pointer(&scripts);
}

/* Notes of when and where scripts ran: no later script reads them, and no tree keeps them. */
static void drop_traces(const TreeStages *self, TreeDelta *delta)
{
    static const char *const traces[] = {
        "run",
        "tmp",
        "var/log/alternatives.log",
        "var/log/dpkg.log",
        "var/cache/ldconfig/aux-cache",
        NULL,
    };
    for (const char *const *path = traces; *path != NULL; path++)
        (void)store_node_remove(delta->changed, *path);
    self->assemble.format->clean(delta->changed);
}

static TreeDelta *run_scripts(TreeStages *self, StoreNode *root, GPtrArray *packages,
                              GCancellable *cancellable, GError **error)
{
    TreeScripts *scripts = tree_stages_open(self, root, error);
    if (scripts == NULL)
        return NULL;
    self->scripts = scripts;
    TreeFormatRun run = {.scripts = scripts,
                         .imported = packages,
                         .all = self->assemble.imported,
                         .manifest = self->assemble.manifest,
                         .progress = self->progress};
    if (!self->assemble.format->run_scripts(&run, cancellable, error))
        return NULL;
    TreeDelta *delta =
        tree_scan(self->assemble.repo_fd, tree_scripts_get_upper(scripts), NULL, error);
    if (delta != NULL)
        drop_traces(self, delta);
    self->n_ran += packages->len;
    return delta;
}

static TreeDelta *run_remembering(TreeStages *self, StoreNode *root, GPtrArray *packages,
                                  GCancellable *cancellable, GError **error)
{
    if (self->assemble.format->recipe == NULL)
        return run_scripts(self, root, packages, cancellable, error);
    g_autofree char *ref = key_ref(self, root, packages);
    g_hash_table_add(self->used, g_strdup(ref));
    g_autoptr(TreeDelta) delta = tree_delta_load(self->store, ref);
    if (delta != NULL)
        return g_steal_pointer(&delta);
    delta = run_scripts(self, root, packages, cancellable, error);
    char *commit = delta != NULL ? tree_delta_save(delta, self->store, error) : NULL;
    if (commit == NULL)
        return NULL;
    g_hash_table_insert(self->fresh, g_steal_pointer(&ref), commit);
    return g_steal_pointer(&delta);
}

static bool run_stage(TreeStages *self, StoreNode *root, GPtrArray *packages,
                      GCancellable *cancellable, GError **error)
{
    const TreeFormat *format = self->assemble.format;
    if (!tree_assemble_add(root, &self->assemble, packages, error) ||
        !format->put_database(root, self->assemble.repo_fd, packages, error))
        return false;
    g_autoptr(TreeDelta) delta = run_remembering(self, root, packages, cancellable, error);
    if (delta == NULL)
        return false;
    tree_delta_apply(delta, root);
    return true;
}

StoreNode *tree_stages_run(TreeStages *self, GCancellable *cancellable, GError **error)
{
    const TreeFormat *format = self->assemble.format;
    g_autoptr(GPtrArray) stages = format->plan != NULL ? format->plan(self->assemble.imported)
                                                       : g_ptr_array_new_with_free_func(NULL);
    if (format->plan == NULL)
        g_ptr_array_add(stages, self->assemble.imported);
    g_autoptr(StoreNode) root = tree_assemble_start(self->assemble.repo_fd, format, error);
    if (root == NULL)
        return NULL;
    for (guint i = 0; i < stages->len; i++)
        if (!run_stage(self, root, stages->pdata[i], cancellable, error))
            return NULL;
    return g_steal_pointer(&root);
}

unsigned tree_stages_ran(const TreeStages *self)
{
    return self->n_ran;
}

/* A used ref's time is renewed; one that has not been used for long goes. */
static bool drop_unused(TreeStages *self, GCancellable *cancellable, GError **error)
{
    OstreeRepo *repo = store_get_build_repo(self->store);
    g_autoptr(GHashTable) refs = NULL;
    if (!ostree_repo_list_refs_ext(repo, "atoll/stage", &refs, OSTREE_REPO_LIST_REFS_EXT_NONE,
                                   cancellable, error))
        return false;
    GHashTableIter iter;
    void *name = NULL;
    g_hash_table_iter_init(&iter, refs);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        struct stat st;
        g_autofree char *path = g_strconcat("refs/heads/", (char *)name, NULL);
        int repo_fd = ostree_repo_get_dfd(repo);
        if (g_hash_table_contains(self->used, name))
            (void)utimensat(repo_fd, path, NULL, 0);
        else if (fstatat(repo_fd, path, &st, 0) == 0 && time(NULL) - st.st_mtime > UNUSED_MAX_S &&
                 !ostree_repo_set_ref_immediate(repo, NULL, name, NULL, cancellable, error))
            return false;
    }
    return true;
}

bool tree_stages_keep(TreeStages *self, GCancellable *cancellable, GError **error)
{
    OstreeRepo *repo = store_get_build_repo(self->store);
    GHashTableIter iter;
    void *ref = NULL, *commit = NULL;
    g_hash_table_iter_init(&iter, self->fresh);
    while (g_hash_table_iter_next(&iter, &ref, &commit))
        if (!ostree_repo_set_ref_immediate(repo, NULL, ref, commit, cancellable, error))
            return false;
    return drop_unused(self, cancellable, error);
}
