/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of the manifest's author into a mounted tree.
 */
#include "tree/copy.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_MAX_BYTES (UINT64_C(4) * 1024 * 1024 * 1024 - 1)

/* Opens a directory of the tree, made when missing, with the tree as the root of links. */
static int open_inside(int root_fd, const char *path, GError **error)
{
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
    if (fd >= 0)
        return fd;
    if (errno != ENOENT)
        return base_error_set_errno(error, errno, "opening ‘%s’ in the tree", path), -1;
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    base_autofd parent_fd = open_inside(root_fd, parent, error);
    if (parent_fd < 0)
        return -1;
    if (mkdirat(parent_fd, name, 0755) != 0)
        return base_error_set_errno(error, errno, "making ‘%s’ in the tree", path), -1;
    (void)fchmodat(parent_fd, name, 0755, 0);
    return base_fd_open_dir(parent_fd, name, error);
}

static bool copy_to(int root_fd, const char *source, const char *target, GError **error);

static bool copy_children(int root_fd, const char *source, const char *target, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(source, 0, error);
    if (dir == NULL)
        return false;
    const char *name = NULL;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *from = g_build_filename(source, name, NULL);
        g_autofree char *to = g_build_filename(target, name, NULL);
        if (!copy_to(root_fd, from, to, error))
            return false;
    }
    return true;
}

static bool copy_link(int parent_fd, const char *source, const char *name, GError **error)
{
    g_autofree char *link = g_file_read_link(source, error);
    if (link == NULL)
        return false;
    if (!base_fd_remove_tree(parent_fd, name, error))
        return false;
    return symlinkat(link, parent_fd, name) == 0 ||
           base_error_set_errno(error, errno, "making link ‘%s’", name);
}

static bool copy_to(int root_fd, const char *source, const char *target, GError **error)
{
    struct stat st;
    if (lstat(source, &st) != 0)
        return base_error_set_errno(error, errno, "looking at ‘%s’", source);
    if (S_ISDIR(st.st_mode)) {
        base_autofd fd = open_inside(root_fd, target, error);
        return fd >= 0 && copy_children(root_fd, source, target, error);
    }
    g_autofree char *parent = g_path_get_dirname(target);
    g_autofree char *name = g_path_get_basename(target);
    base_autofd parent_fd = open_inside(root_fd, parent, error);
    if (parent_fd < 0)
        return false;
    if (S_ISLNK(st.st_mode))
        return copy_link(parent_fd, source, name, error);
    g_autoptr(GBytes) contents = base_fd_read_file(AT_FDCWD, source, FILE_MAX_BYTES, error);
    return contents != NULL &&
           base_fd_replace_file(parent_fd, name, g_bytes_get_data(contents, NULL),
                                g_bytes_get_size(contents), st.st_mode & 07777,
                                BASE_FD_REPLACE_NO_SYNC, error);
}

bool tree_copy_into(const char *root, const char *source, const char *target, GError **error)
{
    base_autofd root_fd = base_fd_open_dir(AT_FDCWD, root, error);
    if (root_fd < 0)
        return false;
    /* where /etc lies in the finished tree; until then it is in its usual place */
    const char *place = g_str_has_prefix(target, "/usr/etc/") ? target + strlen("/usr") : target;
    if (copy_to(root_fd, source, place, error))
        return true;
    g_prefix_error(error, "adding ‘%s’ as ‘%s’: ", source, target);
    return false;
}
