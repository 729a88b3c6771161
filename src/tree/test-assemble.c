/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The merge of package trees: owners, replacements, links, filters.
 */
#include "tree/assemble.h"

#include "base/fd.h"
#include "store/store.h"

#include <fcntl.h>
#include <string.h>

typedef struct {
    char *dir; /* owned */
    Store *store;
    GPtrArray *imported; /* owned */
    GPtrArray *packages; /* owned */
    Manifest manifest;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    fixture->dir = g_dir_make_tmp("atoll-assemble-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->store = store_open(fixture->dir, NULL, &error);
    g_assert_no_error(error);
    fixture->imported = g_ptr_array_new_with_free_func((GDestroyNotify)packages_imported_free);
    fixture->packages = g_ptr_array_new_with_free_func((GDestroyNotify)packages_package_free);
    fixture->manifest.documentation = true;
    fixture->manifest.install_langs = g_ptr_array_new();
}

static void tear_down(Fixture *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_ptr_array_unref(fixture->imported);
    g_ptr_array_unref(fixture->packages);
    g_ptr_array_unref(fixture->manifest.install_langs);
    store_close(fixture->store);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, fixture->dir, &error));
    g_free(fixture->dir);
}

static StoreNode *add_package(Fixture *fixture, const char *name, const char *fields)
{
    PackagesPackage *package = g_new0(PackagesPackage, 1);
    package->format = packages_format_find("deb");
    package->name = g_strdup(name);
    g_ptr_array_add(fixture->packages, package);
    PackagesImported *one = g_new0(PackagesImported, 1);
    one->package = package;
    one->root = store_node_new_dir(0755);
    one->stanza = g_strdup_printf("Package: %s\n%s", name, fields);
    g_ptr_array_add(fixture->imported, one);
    return one->root;
}

static void put(const Fixture *fixture, StoreNode *root, const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(
        store_tree_put_text(root, store_get_build_fd(fixture->store), path, 0644, text, &error));
}

static void put_link(const Fixture *fixture, StoreNode *root, const char *path, const char *target)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(
        store_tree_put_link(root, store_get_build_fd(fixture->store), path, target, &error));
}

static StoreNode *try_assemble(const Fixture *fixture, GError **error)
{
    TreeAssemble all = {.repo_fd = store_get_build_fd(fixture->store),
                        .format = &tree_format_deb,
                        .imported = fixture->imported,
                        .manifest = &fixture->manifest};
    return tree_assemble(&all, error);
}

static StoreNode *assemble(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    StoreNode *root = try_assemble(fixture, &error);
    g_assert_no_error(error);
    return root;
}

static void test_conflict(Fixture *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    put(fixture, add_package(fixture, "one", ""), "usr/bin/tool", "a");
    put(fixture, add_package(fixture, "two", ""), "usr/bin/tool", "b");
    g_autoptr(StoreNode) root = try_assemble(fixture, &error);
    g_assert_null(root);
    g_assert_error(error, TREE_ERROR, TREE_ERROR_CONFLICT);
    g_assert_nonnull(strstr(error->message, "‘one’"));
    g_assert_nonnull(strstr(error->message, "‘two’"));
    g_assert_nonnull(strstr(error->message, "/usr/bin/tool"));
}

static void test_replaces(Fixture *fixture, const void *data)
{
    (void)data;
    put(fixture, add_package(fixture, "new", "Replaces: zzz (<< 2), old (<< 3)\n"), "usr/a", "new");
    put(fixture, add_package(fixture, "old", ""), "usr/a", "older");
    put(fixture, add_package(fixture, "same1", ""), "usr/b", "same");
    put(fixture, add_package(fixture, "same2", ""), "usr/b", "same");
    g_autoptr(StoreNode) root = assemble(fixture);
    g_assert_cmpstr(store_node_find(root, "usr/a")->owner, ==, "new");
    g_assert_cmpuint(store_node_find(root, "usr/b")->size_bytes, ==, 4);
}

static void test_links(Fixture *fixture, const void *data)
{
    (void)data;
    StoreNode *linker = add_package(fixture, "alinker", "");
    put_link(fixture, linker, "var/run", "/run");
    put_link(fixture, linker, "usr/share/alias", "../lib/real");
    put_link(fixture, linker, "usr/share/outside", "../../../../../etc/deep");
    StoreNode *user = add_package(fixture, "user", "");
    put(fixture, user, "var/run/file", "r");
    put(fixture, user, "usr/share/alias/file", "x");
    put(fixture, user, "usr/share/outside/file", "e");
    g_autoptr(StoreNode) root = assemble(fixture);
    g_assert_nonnull(store_node_find(root, "run/file"));
    g_assert_nonnull(store_node_find(root, "usr/lib/real/file"));
    /* links of packages never leave the tree */
    g_assert_nonnull(store_node_find(root, "etc/deep/file"));
    g_assert_cmpstr(store_node_find(root, "usr/share/alias")->target, ==, "../lib/real");
}

static void test_filter(Fixture *fixture, const void *data)
{
    (void)data;
    ManifestString english = {.text = (char *)"en_GB"};
    g_ptr_array_add(fixture->manifest.install_langs, &english);
    fixture->manifest.documentation = false;
    StoreNode *package = add_package(fixture, "one", "");
    static const char *const paths[] = {
        "usr/share/doc/one/README",
        "usr/share/doc/one/copyright",
        "usr/share/man/man1/one.1.gz",
        "usr/share/locale/en/x.mo",
        "usr/share/locale/en_GB/x.mo",
        "usr/share/locale/en_US/x.mo",
        "usr/share/locale/de/x.mo",
        "usr/share/locale/locale.alias",
        "usr/lib/one",
        NULL,
    };
    for (const char *const *path = paths; *path != NULL; path++)
        put(fixture, package, *path, "x");
    g_autoptr(StoreNode) root = assemble(fixture);
    static const bool kept[] = {false, true, false, true, true, false, false, true, true};
    for (size_t i = 0; paths[i] != NULL; i++) {
        g_test_message("%s", paths[i]);
        g_assert_cmpint(store_node_find(root, paths[i]) != NULL, ==, kept[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/tree/conflict", Fixture, NULL, set_up, test_conflict, tear_down);
    g_test_add("/tree/replaces", Fixture, NULL, set_up, test_replaces, tear_down);
    g_test_add("/tree/links", Fixture, NULL, set_up, test_links, tear_down);
    g_test_add("/tree/filter", Fixture, NULL, set_up, test_filter, tear_down);
    return g_test_run();
}
