/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state directory: its repos, its lock, its scratch space.
 */
#include "store/store.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

struct _Store {
    char *dir;             /* owned */
    int dir_fd;            /* owned */
    int lock_fd;           /* owned */
    OstreeRepo *build;     /* owned */
    OstreeRepo *published; /* owned */
};

static OstreeRepo *open_repo(int dir_fd, const char *name, OstreeRepoMode mode,
                             GCancellable *cancellable, GError **error)
{
    OstreeRepo *repo = ostree_repo_create_at(dir_fd, name, mode, NULL, cancellable, error);
    if (repo == NULL)
        g_prefix_error(error, "opening repository ‘%s’: ", name);
    return repo;
}

static bool clear_object_scratch(int repo_fd, GError **error)
{
    return base_fd_remove_tree(repo_fd, "tmp/atoll", error) &&
           base_fd_make_dirs(repo_fd, "tmp/atoll", 0755, error);
}

static bool set_up(Store *self, GCancellable *cancellable, GError **error)
{
    if (!base_fd_make_dirs(AT_FDCWD, self->dir, 0755, error))
        return false;
    self->dir_fd = base_fd_open_dir(AT_FDCWD, self->dir, error);
    if (self->dir_fd < 0)
        return false;
    self->lock_fd = base_fd_lock(self->dir_fd, "lock", BASE_FD_LOCK_TRY, error);
    if (self->lock_fd < 0) {
        g_prefix_error(error, "state directory ‘%s’ is in use: ", self->dir);
        return false;
    }
    if (!base_fd_remove_tree(self->dir_fd, "tmp", error))
        return false;
    static const char *const folders[] = {"tmp", "cache", "images", NULL};
    for (const char *const *folder = folders; *folder != NULL; folder++)
        if (!base_fd_make_dirs(self->dir_fd, *folder, 0755, error))
            return false;
    self->build = open_repo(self->dir_fd, "build", OSTREE_REPO_MODE_BARE_USER, cancellable, error);
    if (self->build == NULL)
        return false;
    /* its refs are written in bulk, after a syncfs of what they point to */
    ostree_repo_set_disable_fsync(self->build, TRUE);
    self->published = open_repo(self->dir_fd, "repo", OSTREE_REPO_MODE_ARCHIVE, cancellable, error);
    return self->published != NULL && clear_object_scratch(store_get_build_fd(self), error) &&
           clear_object_scratch(store_get_published_fd(self), error);
}

Store *store_open(const char *state_dir, GCancellable *cancellable, GError **error)
{
    g_autoptr(Store) self = g_new0(Store, 1);
    self->dir_fd = -1;
    self->lock_fd = -1;
    self->dir = g_canonicalize_filename(state_dir, NULL);
    if (!set_up(self, cancellable, error))
        return NULL;
    return g_steal_pointer(&self);
}

void store_close(Store *self)
{
    if (self == NULL)
        return;
    g_clear_object(&self->build);
    g_clear_object(&self->published);
    base_fd_clear(&self->dir_fd);
    base_fd_clear(&self->lock_fd);
    g_free(self->dir);
    g_free(self);
}

const char *store_get_dir(const Store *self)
{
    return self->dir;
}

OstreeRepo *store_get_build_repo(const Store *self)
{
    return self->build;
}

OstreeRepo *store_get_published_repo(const Store *self)
{
    return self->published;
}

int store_get_build_fd(const Store *self)
{
    return ostree_repo_get_dfd(self->build);
}

int store_get_published_fd(const Store *self)
{
    return ostree_repo_get_dfd(self->published);
}

char *store_path(const Store *self, const char *name)
{
    return g_build_filename(self->dir, name, NULL);
}

char *store_make_scratch(const Store *self, const char *name, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/tmp/%s.%08x", self->dir, name, g_random_int());
    if (!base_fd_make_dirs(AT_FDCWD, path, 0755, error))
        return NULL;
    return g_steal_pointer(&path);
}
