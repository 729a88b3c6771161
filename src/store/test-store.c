/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the store writes, read back by libostree and the ostree program.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "store/commit.h"
#include "store/export.h"
#include "store/loose.h"
#include "store/sign.h"
#include "store/store.h"
#include "support/store-fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static StoreNode *put_file(const SupportStore *fixture, StoreMeta meta, const char *text)
{
    g_autoptr(GError) error = NULL;
    StoreNode *node = g_new0(StoreNode, 1);
    g_autoptr(GBytes) contents = g_bytes_new(text, strlen(text));
    node->meta = meta;
    node->size_bytes = strlen(text);
    g_assert_true(store_put_file(store_get_build_fd(fixture->store), &meta, contents,
                                 node->checksum, &error));
    g_assert_no_error(error);
    return node;
}

static GVariant *one_xattr(const char *name, const char *value)
{
    GVariant *entry =
        g_variant_new("(@ay@ay)", g_variant_new_bytestring(name), g_variant_new_bytestring(value));
    return g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("(ayay)"), &entry, 1));
}

/* A tree with every kind of thing that a package can ship. */
static StoreNode *sample_tree(const SupportStore *fixture)
{
    g_autoptr(GError) error = NULL;
    int build_fd = store_get_build_fd(fixture->store);
    StoreNode *root = store_node_new_dir(0755);
    StoreMeta setuid = {.uid = 0, .gid = 8, .mode = S_IFREG | 04755};
    StoreMeta secret = {.uid = 33, .gid = 33, .mode = S_IFREG | 0600};
    StoreMeta capable = {.mode = S_IFREG | 0755, .xattrs = one_xattr("security.capability", "abc")};
    store_node_put(root, "usr/bin/su", put_file(fixture, setuid, "setuid"));
    store_node_put(root, "usr/share/secret", put_file(fixture, secret, "secret"));
    store_node_put(root, "usr/bin/ping", put_file(fixture, capable, "ping"));
    g_assert_true(store_tree_put_text(root, build_fd, "usr/share/empty", 0644, "", &error));
    g_assert_true(store_tree_put_link(root, build_fd, "bin", "usr/bin", &error));
    StoreNode *sticky = store_node_make_dirs(root, "tmp");
    sticky->meta = (StoreMeta){.uid = 1, .gid = 2, .mode = S_IFDIR | 01777};
    return root;
}

static char *commit_tree(const SupportStore *fixture, const StoreNode *root)
{
    g_autoptr(GError) error = NULL;
    StoreCommit commit = {.subject = "test", .timestamp_s = 1};
    char *checksum = store_commit_write(store_get_build_fd(fixture->store), root, &commit, &error);
    g_assert_no_error(error);
    return checksum;
}

static void test_round_trip(SupportStore *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreNode) root = sample_tree(fixture);
    g_autofree char *commit = commit_tree(fixture, root);
    g_autoptr(StoreNode) loaded =
        store_tree_load(store_get_build_fd(fixture->store), commit, &error);
    g_assert_no_error(error);
    const StoreNode *su = store_node_find(loaded, "usr/bin/su");
    g_assert_nonnull(su);
    g_assert_cmpuint(su->meta.mode, ==, S_IFREG | 04755);
    g_assert_cmpuint(su->meta.gid, ==, 8);
    g_assert_cmpuint(su->size_bytes, ==, strlen("setuid"));
    g_assert_cmpstr(store_node_find(loaded, "bin")->target, ==, "usr/bin");
    g_assert_cmpuint(store_node_find(loaded, "tmp")->meta.mode, ==, S_IFDIR | 01777);
    g_assert_nonnull(store_node_find(loaded, "usr/bin/ping")->meta.xattrs);
    /* the same tree is the same commit */
    g_autofree char *again = commit_tree(fixture, loaded);
    g_assert_cmpstr(again, ==, commit);
}

static void run_ostree(const SupportStore *fixture, const char *command)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *script = g_strdup_printf("cd '%s' && %s", fixture->dir, command);
    g_assert_true(base_run_simple(command, &error, "sh", "-ec", script, NULL));
    g_assert_no_error(error);
}

static void test_export(SupportStore *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreNode) root = sample_tree(fixture);
    g_autofree char *commit = commit_tree(fixture, root);
    StoreExportStats stats = {0};
    StoreExport export = {.build_fd = store_get_build_fd(fixture->store),
                          .published_fd = store_get_published_fd(fixture->store)};
    g_assert_true(store_export_files(&export, root, &stats, NULL, &error));
    g_assert_cmpuint(stats.objects, ==, 5);
    g_assert_true(store_export_commit(fixture->store, commit, root, "test/branch", NULL, &error));
    g_assert_no_error(error);
    run_ostree(fixture, "ostree --repo=build fsck");
    run_ostree(fixture, "ostree --repo=repo fsck");
    run_ostree(fixture,
               "ostree --repo=copy init --mode=bare-user && "
               "ostree --repo=copy pull-local repo test/branch && "
               "test \"$(ostree --repo=copy cat test/branch /usr/share/secret)\" = secret");
    /* nothing is written twice */
    g_assert_true(store_export_files(&export, root, &stats, NULL, &error));
    g_assert_cmpuint(stats.objects, ==, 0);
}

static void test_truncated_object(SupportStore *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    StoreMeta meta = {.mode = S_IFREG | 0644};
    g_autoptr(StoreNode) node = put_file(fixture, meta, "whole");
    char path[96];
    store_object_path(node->checksum, "file", path);
    int build_fd = store_get_build_fd(fixture->store);
    /* what a power cut may leave of an object that no ref points to yet */
    base_autofd fd = openat(build_fd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_autoptr(StoreNode) again = put_file(fixture, meta, "whole");
    g_autoptr(GBytes) contents = store_load_contents(build_fd, again->checksum, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(g_bytes_get_data(contents, NULL), ==, "whole");
}

static void test_sign(SupportStore *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreNode) root = sample_tree(fixture);
    g_autofree char *commit = commit_tree(fixture, root);
    StoreKey key = {0}, again = {0};
    g_assert_true(store_key_load(fixture->dir, &key, &error));
    g_assert_true(store_key_load(fixture->dir, &again, &error));
    g_assert_cmpmem(&key, sizeof key, &again, sizeof again);
    g_autofree char *path = g_build_filename(fixture->dir, "keys/signing.ed25519", NULL);
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0600);

    OstreeRepo *repo = store_get_build_repo(fixture->store);
    g_assert_true(store_sign_commit(repo, commit, &key, NULL, &error));
    g_autoptr(GVariant) detached = NULL;
    g_autoptr(GVariant) object = NULL;
    g_assert_true(ostree_repo_read_commit_detached_metadata(repo, commit, &detached, NULL, &error));
    g_assert_true(
        ostree_repo_load_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, commit, &object, &error));
    g_autoptr(GVariant) signatures =
        g_variant_lookup_value(detached, STORE_SIGN_METADATA_KEY, G_VARIANT_TYPE("aay"));
    g_assert_cmpuint(g_variant_n_children(signatures), ==, 1);
    g_autoptr(GVariant) signature = g_variant_get_child_value(signatures, 0);
    size_t size_bytes = 0;
    const void *bytes = g_variant_get_fixed_array(signature, &size_bytes, 1);
    g_assert_cmpuint(size_bytes, ==, BASE_ED25519_SIGNATURE_BYTES);
    g_assert_true(base_ed25519_verify(key.public_key, g_variant_get_data(object),
                                      g_variant_get_size(object), bytes));
    g_assert_false(base_ed25519_verify(key.public_key, g_variant_get_data(object),
                                       g_variant_get_size(object) - 1, bytes));
}

static void test_locked(SupportStore *fixture, const void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) second = store_open(fixture->dir, NULL, &error);
    g_assert_null(second);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_BUSY);
    g_assert_nonnull(strstr(error->message, fixture->dir));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/store/round-trip", SupportStore, NULL, support_store_set_up, test_round_trip,
               support_store_tear_down);
    g_test_add("/store/export", SupportStore, NULL, support_store_set_up, test_export,
               support_store_tear_down);
    g_test_add("/store/truncated-object", SupportStore, NULL, support_store_set_up,
               test_truncated_object, support_store_tear_down);
    g_test_add("/store/sign", SupportStore, NULL, support_store_set_up, test_sign,
               support_store_tear_down);
    g_test_add("/store/locked", SupportStore, NULL, support_store_set_up, test_locked,
               support_store_tear_down);
    return g_test_run();
}
