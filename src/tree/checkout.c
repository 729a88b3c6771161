/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A tree in memory laid out on disk, by hard links wherever they will do.
 */
#include "tree/checkout.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "store/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* scripts that compare times must find the same ones every time */
static const struct timespec epoch[2] = {{0, 0}, {0, 0}};

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
    if (!base_fd_write_all(fd, g_bytes_get_data(contents, NULL), g_bytes_get_size(contents), error))
        return false;
    if (fchown(fd, node->meta.uid, node->meta.gid) != 0 || fchmod(fd, node->meta.mode & 07777) != 0)
        return base_error_set_errno(error, errno, "setting owner and mode of ‘%s’", name);
    return set_xattrs(fd, node->meta.xattrs, error) &&
           (futimens(fd, epoch) == 0 ||
            base_error_set_errno(error, errno, "setting the time of ‘%s’", name));
}

static bool same_leaf(const StoreNode *a, const StoreNode *b)
{
    return !store_node_is_dir(a) && !store_node_is_dir(b) &&
           memcmp(a->checksum, b->checksum, sizeof a->checksum) == 0;
}

static bool place_leaf(const StoreNode *node, int repo_fd, int dir_fd, const char *name,
                       GError **error)
{
    if (S_ISLNK(node->meta.mode)) {
        if (symlinkat(node->target, dir_fd, name) != 0)
            return base_error_set_errno(error, errno, "making link ‘%s’", name);
        (void)utimensat(dir_fd, name, epoch, AT_SYMLINK_NOFOLLOW);
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

/* A directory of the tree and where it lies on disk. */
typedef struct {
    const StoreNode *node;
    const StoreNode *old; /* what is laid out there, if anything */
    char *path;           /* owned: relative to the root, "." for itself */
} Place;

typedef struct {
    int repo_fd;
    int root_fd;
    GPtrArray *places; /* owned */
} Checkout;

static void place_free(void *place)
{
    g_free(((Place *)place)->path);
    g_free(place);
}

static StoreNode *child_of(const StoreNode *dir, const char *name)
{
    return dir != NULL && store_node_is_dir(dir) ? g_hash_table_lookup(dir->children, name) : NULL;
}

/* What is gone, or is another kind of thing now. */
static bool remove_stale(const Checkout *checkout, const StoreNode *old, const StoreNode *dir,
                         const char *path, GError **error)
{
    GHashTableIter iter;
    void *name = NULL, *was = NULL;
    if (old == NULL || !store_node_is_dir(old))
        return true;
    g_hash_table_iter_init(&iter, old->children);
    while (g_hash_table_iter_next(&iter, &name, &was)) {
        const StoreNode *is = g_hash_table_lookup(dir->children, name);
        if (is != NULL && store_node_is_dir(is) == store_node_is_dir(was) &&
            (store_node_is_dir(is) || same_leaf(is, was)))
            continue;
        g_autofree char *child_path = g_build_filename(path, name, NULL);
        if (!base_fd_remove_tree(checkout->root_fd, child_path, error))
            return false;
    }
    return true;
}

/* Directories come first, one after the other; then their files, all CPUs at once. */
static bool make_dirs(Checkout *checkout, const StoreNode *old, const StoreNode *dir,
                      const char *path, GError **error)
{
    Place *place = g_new0(Place, 1);
    *place = (Place){.node = dir, .old = old, .path = g_strdup(path)};
    g_ptr_array_add(checkout->places, place);
    if (!remove_stale(checkout, old, dir, path, error))
        return false;
    GHashTableIter iter;
    void *name = NULL, *child = NULL;
    g_hash_table_iter_init(&iter, dir->children);
    while (g_hash_table_iter_next(&iter, &name, &child)) {
        if (!store_node_is_dir(child))
            continue;
        const StoreNode *was = child_of(old, name);
        if (was != NULL && !store_node_is_dir(was))
            was = NULL;
        g_autofree char *child_path = g_build_filename(path, name, NULL);
        if (was == NULL && mkdirat(checkout->root_fd, child_path, 0700) != 0)
            return base_error_set_errno(error, errno, "making directory ‘%s’", child_path);
        if (!make_dirs(checkout, was, child, child_path, error))
            return false;
    }
    return true;
}

static bool fill_dir(size_t index, unsigned worker, void *user_data, GError **error)
{
    (void)worker;
    const Checkout *checkout = user_data;
    const Place *place = checkout->places->pdata[index];
    base_autofd dir_fd = base_fd_open_dir(checkout->root_fd, place->path, error);
    if (dir_fd < 0)
        return false;
    GHashTableIter iter;
    void *name = NULL, *child = NULL;
    g_hash_table_iter_init(&iter, place->node->children);
    while (g_hash_table_iter_next(&iter, &name, &child)) {
        const StoreNode *was = child_of(place->old, name);
        if (store_node_is_dir(child) || (was != NULL && same_leaf(was, child)))
            continue;
        if (!place_leaf(child, checkout->repo_fd, dir_fd, name, error))
            return false;
    }
    if (fchown(dir_fd, place->node->meta.uid, place->node->meta.gid) != 0 ||
        fchmod(dir_fd, place->node->meta.mode & 07777) != 0 || futimens(dir_fd, epoch) != 0)
        return base_error_set_errno(error, errno, "setting owner and mode of ‘%s’", place->path);
    return true;
}

bool tree_checkout(const StoreNode *root, const StoreNode *old, int repo_fd, const char *path,
                   GError **error)
{
    base_autofd root_fd = base_fd_open_dir(AT_FDCWD, path, error);
    if (root_fd < 0)
        return false;
    g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(place_free);
    Checkout checkout = {.repo_fd = repo_fd, .root_fd = root_fd, .places = places};
    if (make_dirs(&checkout, old, root, ".", error) &&
        base_parallel_for(places->len, 0, fill_dir, &checkout, NULL, error))
        return true;
    g_prefix_error(error, "checking out to ‘%s’: ", path);
    return false;
}
