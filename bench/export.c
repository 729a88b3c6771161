/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For bench.py: writes one branch of a state directory's build repo into a fresh archive
 * repo, and nothing else.
 */
#include "base/fd.h"
#include "store/export.h"

#include <fcntl.h>
#include <stdio.h>

static bool export(const char *state_dir, const char *ref, const char *target, GError **error)
{
    g_autoptr(Store) store = store_open(state_dir, NULL, error);
    g_autofree char *commit = NULL;
    if (store == NULL ||
        !ostree_repo_resolve_rev(store_get_build_repo(store), ref, FALSE, &commit, error))
        return false;
    g_autoptr(StoreNode) root = store_tree_load(store_get_build_fd(store), commit, error);
    g_autoptr(OstreeRepo) repo =
        root != NULL
            ? ostree_repo_create_at(AT_FDCWD, target, OSTREE_REPO_MODE_ARCHIVE, NULL, NULL, error)
            : NULL;
    if (repo == NULL || !base_fd_make_dirs(ostree_repo_get_dfd(repo), "tmp/atoll", 0755, error))
        return false;
    uint8_t dirtree[BASE_SHA256_BYTES], dirmeta[BASE_SHA256_BYTES];
    StoreExport options = {.build_fd = store_get_build_fd(store),
                           .published_fd = ostree_repo_get_dfd(repo)};
    return store_export_files(&options, root, NULL, NULL, error) &&
           store_tree_write(root, options.published_fd, dirtree, dirmeta, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: %s STATE REF TARGET\n", argv[0]);
        return 2;
    }
    if (export(argv[1], argv[2], argv[3], &error))
        return 0;
    fprintf(stderr, "%s: %s\n", argv[0], error->message);
    return 1;
}
