/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Differences between trees: applied at once, and after they were saved.
 */
#include "tree/delta.h"

#include "support/store-fixture.h"

static void put(const SupportStore *fixture, StoreNode *root, const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(
        store_tree_put_text(root, store_get_build_fd(fixture->store), path, 0644, text, &error));
}

static TreeDelta *make_delta(const SupportStore *fixture)
{
    TreeDelta *delta = tree_delta_new();
    put(fixture, delta->changed, "etc/changed", "new");
    put(fixture, delta->changed, "etc/added", "new");
    put(fixture, delta->changed, "opaque/fresh", "new");
    put(fixture, delta->changed, "was-file/inside", "new");
    put(fixture, delta->changed, "was-dir", "new");
    store_node_find(delta->changed, "etc")->meta.mode = 040700;
    g_ptr_array_add(delta->removed, g_strdup("etc/removed"));
    g_ptr_array_add(delta->removed, g_strdup("opaque"));
    return delta;
}

static StoreNode *make_tree(const SupportStore *fixture)
{
    static const char *const paths[] = {"etc/changed", "etc/kept",   "etc/removed",
                                        "opaque/old",  "was-file",   "was-dir/inside",
                                        "untouched/x", "untouched/y"};
    StoreNode *root = store_node_new_dir(0755);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        put(fixture, root, paths[i], "old");
    store_node_find(root, "etc/changed")->owner = g_intern_static_string("package");
    return root;
}

static void check(StoreNode *root)
{
    static const char *const gone[] = {"etc/removed", "opaque/old", "was-dir/inside"};
    static const char *const there[] = {"etc/changed",     "etc/kept", "etc/added",  "opaque/fresh",
                                        "was-file/inside", "was-dir",  "untouched/y"};
    for (size_t i = 0; i < G_N_ELEMENTS(gone); i++)
        g_assert_null(store_node_find(root, gone[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(there); i++)
        g_assert_nonnull(store_node_find(root, there[i]));
    g_assert_cmpuint(store_node_find(root, "etc")->meta.mode, ==, 040700);
    g_assert_cmpstr(store_node_find(root, "etc/changed")->owner, ==, "package");
    g_assert_cmpstr(store_node_find(root, "etc/added")->owner, ==, TREE_DELTA_MADE);
}

static void test_apply(SupportStore *fixture, const void *data)
{
    (void)data;
    g_autoptr(StoreNode) root = make_tree(fixture);
    g_autoptr(TreeDelta) delta = make_delta(fixture);
    tree_delta_apply(delta, root);
    check(root);
}

static void test_saved(SupportStore *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreNode) root = make_tree(fixture);
    g_autoptr(TreeDelta) delta = make_delta(fixture);
    g_autofree char *commit = tree_delta_save(delta, fixture->store, &error);
    g_assert_no_error(error);
    g_assert_null(tree_delta_load(fixture->store, "atoll/stage/none"));
    g_assert_true(ostree_repo_set_ref_immediate(store_get_build_repo(fixture->store), NULL,
                                                "atoll/stage/x", commit, NULL, &error));
    g_autoptr(TreeDelta) loaded = tree_delta_load(fixture->store, "atoll/stage/x");
    g_assert_nonnull(loaded);
    tree_delta_apply(loaded, root);
    check(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/delta/apply", SupportStore, NULL, support_store_set_up, test_apply,
               support_store_tear_down);
    g_test_add("/delta/saved", SupportStore, NULL, support_store_set_up, test_saved,
               support_store_tear_down);
    return g_test_run();
}
