/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A commit made once more, from nothing but what it says it was made of.
 */
#include "tree/verify.h"

#include "base/error.h"
#include "base/fd.h"
#include "packages/format.h"
#include "packages/json.h"
#include "tree/compose.h"
#include "tree/inspect.h"
#include "tree/verify-input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    const TreeVerifyOptions *options;
    GCancellable *cancellable;
    TreeInspect *commit;      /* owned */
    char *scratch;            /* owned: removed at the end */
    GPtrArray *packages;      /* owned */
    char *public_key;         /* owned */
    char *manifest_path;      /* owned */
    TreeVerifyResult *result; /* owned */
} Run;

static void run_clear(Run *run)
{
    g_autoptr(GError) ignored = NULL;
    if (run->scratch != NULL && !base_fd_remove_tree(AT_FDCWD, run->scratch, &ignored))
        g_debug("%s", ignored->message);
    tree_inspect_free(run->commit);
    g_free(run->scratch);
    g_free(run->public_key);
    g_free(run->manifest_path);
    g_clear_pointer(&run->packages, g_ptr_array_unref);
    tree_verify_result_free(run->result);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static void difference_free(void *data)
{
    TreeVerifyDifference *difference = data;
    g_free(difference->path);
    g_free(difference);
}

void tree_verify_result_free(TreeVerifyResult *self)
{
    if (self == NULL)
        return;
    g_free(self->commit);
    g_free(self->rebuilt);
    g_clear_pointer(&self->differences, g_ptr_array_unref);
    g_free(self);
}

/* --- comparing --- */

static void note(GPtrArray *differences, const char *path, const char *what)
{
    TreeVerifyDifference *difference = g_new0(TreeVerifyDifference, 1);
    *difference = (TreeVerifyDifference){.path = g_strdup(path), .what = what};
    g_ptr_array_add(differences, difference);
}

static bool same_xattrs(GVariant *a, GVariant *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && g_variant_equal(a, b));
}

static void compare_node(const StoreNode *was, const StoreNode *is, const char *path,
                         GPtrArray *differences)
{
    const StoreMeta *a = &was->meta, *b = &is->meta;
    if ((a->mode & S_IFMT) != (b->mode & S_IFMT)) {
        note(differences, path, "type");
        return;
    }
    size_t before = differences->len;
    if (a->mode != b->mode)
        note(differences, path, "mode");
    if (a->uid != b->uid || a->gid != b->gid)
        note(differences, path, "owner");
    if (!same_xattrs(a->xattrs, b->xattrs))
        note(differences, path, "attributes");
    if (store_node_is_dir(was) || memcmp(was->checksum, is->checksum, sizeof was->checksum) == 0)
        return;
    if (g_strcmp0(was->target, is->target) != 0)
        note(differences, path, "target");
    else if (differences->len == before || was->size_bytes != is->size_bytes)
        note(differences, path, "content");
}

void tree_verify_compare(const StoreNode *was, const StoreNode *is, const char *path,
                         GPtrArray *differences)
{
    compare_node(was, is, *path != '\0' ? path : "/", differences);
    if (!store_node_is_dir(was) || !store_node_is_dir(is))
        return;
    g_autoptr(GPtrArray) names = store_node_names(was);
    g_autoptr(GPtrArray) more = store_node_names(is);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *below = g_strconcat(path, "/", name, NULL);
        const StoreNode *other = g_hash_table_lookup(is->children, name);
        if (other == NULL)
            note(differences, below, "missing");
        else
            tree_verify_compare(g_hash_table_lookup(was->children, name), other, below,
                                differences);
    }
    for (guint i = 0; i < more->len; i++) {
        g_autofree char *below = g_strconcat(path, "/", (char *)more->pdata[i], NULL);
        if (!g_hash_table_contains(was->children, more->pdata[i]))
            note(differences, below, "added");
    }
}

static void compare_metadata(GVariant *was, GVariant *is, GPtrArray *differences)
{
    GVariantIter iter;
    const char *key = NULL;
    GVariant *value = NULL;
    g_variant_iter_init(&iter, was);
    while (g_variant_iter_next(&iter, "{&sv}", &key, &value)) {
        g_autoptr(GVariant) other = g_variant_lookup_value(is, key, NULL);
        if (other == NULL || !g_variant_equal(value, other))
            note(differences, key, "metadata");
        g_variant_unref(value);
    }
}

static bool compare(Run *run, GError **error)
{
    g_autofree char *build = g_build_filename(run->scratch, "state", "build", NULL);
    g_autoptr(TreeInspect) rebuilt =
        tree_inspect_open(run->options->state_dir, build, run->result->rebuilt, error);
    const StoreNode *was = rebuilt != NULL ? tree_inspect_tree(run->commit, error) : NULL;
    const StoreNode *is = was != NULL ? tree_inspect_tree(rebuilt, error) : NULL;
    if (is == NULL)
        return false;
    tree_verify_compare(was, is, "", run->result->differences);
    compare_metadata(tree_inspect_metadata(run->commit), tree_inspect_metadata(rebuilt),
                     run->result->differences);
    if (run->result->differences->len == 0)
        note(run->result->differences, "commit", "metadata");
    return true;
}

/* --- making it again --- */

static bool open_commit(Run *run, GError **error)
{
    run->commit = tree_inspect_open(run->options->state_dir, NULL, run->options->rev, error);
    if (run->commit == NULL)
        return false;
    run->result->commit = g_strdup(tree_inspect_commit(run->commit));
    g_autofree char *cache = g_build_filename(run->options->state_dir, "cache", NULL);
    g_autofree char *template = g_build_filename(cache, "verify-XXXXXX", NULL);
    if (!base_fd_make_dirs(AT_FDCWD, cache, 0755, error))
        return false;
    if (g_mkdtemp_full(template, 0755) == NULL)
        return base_error_set_errno(error, errno, "making a directory in ‘%s’", cache);
    run->scratch = g_steal_pointer(&template);
    return true;
}

static bool read_inputs(Run *run, GError **error)
{
    TreeVerifyInput input = {
        .commit = run->commit, .state_dir = run->options->state_dir, .scratch = run->scratch};
    run->packages = tree_verify_input_packages(&input, error);
    run->public_key = run->packages != NULL ? tree_verify_input_key(&input, error) : NULL;
    if (run->public_key == NULL)
        return false;
    run->manifest_path =
        run->options->manifest_path != NULL
            ? tree_verify_input_check_manifest(&input, run->options->manifest_path, error)
            : tree_verify_input_manifest(&input, error);
    return run->manifest_path != NULL;
}

static bool compose(Run *run, GError **error)
{
    g_autofree char *state = g_build_filename(run->scratch, "state", NULL);
    TreeReproduce again = {.metadata = tree_inspect_metadata(run->commit),
                           .parent = tree_inspect_parent(run->commit),
                           .public_key = run->public_key,
                           .packages = run->packages,
                           .timestamp_s = tree_inspect_time(run->commit)};
    TreeComposeOptions options = {.manifest_path = run->manifest_path,
                                  .state_dir = state,
                                  .script_limit_s = run->options->script_limit_s,
                                  .reproduce = &again,
                                  .progress = run->options->progress};
    g_autoptr(TreeComposeResult) result = tree_compose(&options, run->cancellable, error);
    if (result == NULL)
        return false;
    run->result->rebuilt = g_strdup(result->commit);
    return true;
}

TreeVerifyResult *tree_verify(const TreeVerifyOptions *options, GCancellable *cancellable,
                              GError **error)
{
    g_auto(Run) run = {.options = options, .cancellable = cancellable};
    run.result = g_new0(TreeVerifyResult, 1);
    run.result->differences = g_ptr_array_new_with_free_func(difference_free);
    if (!open_commit(&run, error) || !read_inputs(&run, error) || !compose(&run, error))
        return NULL;
    if (strcmp(run.result->commit, run.result->rebuilt) != 0 && !compare(&run, error))
        return NULL;
    return g_steal_pointer(&run.result);
}
