/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A tree in memory laid out on disk, by hard links wherever they will do.
 */
#include "tree/checkout.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool needs_copy(const StoreMeta *meta)
{
    return meta->uid != 0 || meta->gid != 0 || meta->xattrs != NULL ||
           (meta->mode & 07777) != ((meta->mode & 0775) | S_IRUSR);
}

static bool set_xattrs(int fd, GVariant *xattrs, GError **error)
{
    for (size_t i = 0; xattrs != NULL && i < g_variant_n_children(xattrs); i++) {
        const char *name = NULL;
        g_autoptr(GVariant) value = NULL;
        g_variant_get_child(xattrs, i, "(^&ay@ay)", &name, &value);
        if (fsetxattr(fd, name, g_variant_get_data(value), g_variant_get_size(value), 0) != 0)
            return base_error_set_errno(error, errno, "setting attribute ‘%s’", name);
    }
    return true;
}

static bool copy_file(const StoreNode *node, int repo_fd, int dir_fd, const char *name,
                      GError **error)
{
    g_autoptr(GBytes) contents = store_load_contents(repo_fd, node->checksum, error);
    if (contents == NULL)
        return false;
    base_autofd fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_error_set_errno(error, errno, "creating ‘%s’", name);
    if (!base_fd_write_all(fd, g_bytes_get_data(contents, NULL), g_bytes_get_size(contents),
                           error))
        return false;
    if (fchown(fd, node->meta.uid, node->meta.gid) != 0 ||
        fchmod(fd, node->meta.mode & 07777) != 0)
        return base_error_set_errno(error, errno, "setting owner and mode of ‘%s’", name);
    const struct timespec times[2] = {{0, 0}, {0, 0}};
    return set_xattrs(fd, node->meta.xattrs, error) &&
           (futimens(fd, times) == 0 ||
            base_error_set_errno(error, errno, "setting the time of ‘%s’", name));
}

static bool place_leaf(const StoreNode *node, int repo_fd, int dir_fd, const char *name,
                       GError **error)
{
    if (S_ISLNK(node->meta.mode)) {
        if (symlinkat(node->target, dir_fd, name) != 0)
            return base_error_set_errno(error, errno, "making link ‘%s’", name);
        return true;
    }
    if (needs_copy(&node->meta))
        return copy_file(node, repo_fd, dir_fd, name, error);
    char object[96];
    store_object_path(node->checksum, "file", object);
    if (linkat(repo_fd, object, dir_fd, name, 0) == 0)
        return true;
    if (errno == EMLINK)
        return copy_file(node, repo_fd, dir_fd, name, error);
    return base_error_set_errno(error, errno, "linking ‘%s’ as ‘%s’", object, name);
}

static bool fill_dir(const StoreNode *dir, int repo_fd, int dir_fd, GError **error)
{
    GHashTableIter iter;
    void *name = NULL, *child = NULL;
    g_hash_table_iter_init(&iter, dir->children);
    while (g_hash_table_iter_next(&iter, &name, &child)) {
        if (!store_node_is_dir(child)) {
            if (!place_leaf(child, repo_fd, dir_fd, name, error))
                return false;
            continue;
        }
        if (mkdirat(dir_fd, name, 0700) != 0)
            return base_error_set_errno(error, errno, "making directory ‘%s’", (char *)name);
        base_autofd child_fd = base_fd_open_dir(dir_fd, name, error);
        if (child_fd < 0 || !fill_dir(child, repo_fd, child_fd, error))
            return false;
    }
    if (fchown(dir_fd, dir->meta.uid, dir->meta.gid) != 0 ||
        fchmod(dir_fd, dir->meta.mode & 07777) != 0)
        return base_error_set_errno(error, errno, "setting owner and mode of a directory");
    return true;
}

bool tree_checkout(const StoreNode *root, int repo_fd, const char *path, GError **error)
{
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, path, error);
    if (dir_fd < 0)
        return false;
    if (!fill_dir(root, repo_fd, dir_fd, error)) {
        g_prefix_error(error, "checking out to ‘%s’: ", path);
        return false;
    }
    return true;
}
