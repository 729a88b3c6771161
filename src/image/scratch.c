/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scratch directories with a lock each: a build that was killed leaves one behind, and the next
 * build finds its lock free and removes it.
 */
#include "image/scratch.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#define PREFIX "image-"

static void remove_dir(const char *path)
{
    g_autoptr(GError) error = NULL;
    /* nobody waits for it, and the next build tries again */
    if (!base_fd_remove_tree(AT_FDCWD, path, &error))
        g_debug("removing ‘%s’: %s", path, error->message);
}

static void remove_abandoned(const char *parent)
{
    g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
    for (const char *name = dir != NULL ? g_dir_read_name(dir) : NULL; name != NULL;
         name = g_dir_read_name(dir)) {
        if (!g_str_has_prefix(name, PREFIX))
            continue;
        g_autofree char *path = g_build_filename(parent, name, NULL);
        base_autofd fd = base_fd_open_dir(AT_FDCWD, path, NULL);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            remove_dir(path);
    }
}

bool image_scratch_make(ImageScratch *self, const char *parent, GError **error)
{
    if (!base_fd_make_dirs(AT_FDCWD, parent, 0755, error))
        return false;
    remove_abandoned(parent);
    g_autofree char *path = g_build_filename(parent, PREFIX "XXXXXX", NULL);
    /* 0755: the sandbox looks at it as another user */
    if (g_mkdtemp_full(path, 0755) == NULL) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "making scratch directory in ‘%s’", parent);
    }
    base_autofd fd = base_fd_open_dir(AT_FDCWD, path, error);
    if (fd < 0)
        return false;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "locking ‘%s’", path);
    }
    self->path = g_steal_pointer(&path);
    self->fd = base_fd_steal(&fd);
    return true;
}

void image_scratch_clear(ImageScratch *self)
{
    if (self->path != NULL)
        remove_dir(self->path);
    g_clear_pointer(&self->path, g_free);
    base_fd_clear(&self->fd);
    self->fd = -1;
}
