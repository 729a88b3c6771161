/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Single paths of a mounted tree, whose links must not lead out of it.
 */
#include "tree/inside.h"

#include "base/error.h"
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_inside(const char *root, const char *path, int flags)
{
    base_autofd root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};
    return root_fd < 0 ? -1 : (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
}

bool tree_inside_remove(const char *root, const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    base_autofd fd = open_inside(root, parent, O_PATH | O_DIRECTORY);
    int saved_errno = errno;
    if (fd < 0)
        return saved_errno == ENOENT || saved_errno == ENOTDIR ||
               base_error_set_errno(error, saved_errno, "opening ‘%s’ of the tree", parent);
    if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno == EISDIR &&
        (unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY || errno == EEXIST))
        return true;
    saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "removing ‘%s’ from the tree", path);
}

char *tree_inside_read(const char *root, const char *path, size_t max_bytes, GError **error)
{
    struct stat st;
    base_autofd fd = open_inside(root, path, O_RDONLY | O_NONBLOCK);
    int saved_errno = errno;
    if (fd < 0) {
        base_error_set_errno(error, saved_errno, "opening ‘%s’ of the tree", path);
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > max_bytes) {
        base_error_set(error, BASE_ERROR_INVALID,
                       "‘%s’ of the tree is no file of at most %zu bytes", path, max_bytes);
        return NULL;
    }
    g_autofree char *text = g_malloc((size_t)st.st_size + 1);
    size_t done = 0;
    while (done < (size_t)st.st_size) {
        ssize_t n = read(fd, text + done, (size_t)st.st_size - done);
        saved_errno = errno;
        if (n < 0 && saved_errno == EINTR)
            continue;
        if (n < 0) {
            base_error_set_errno(error, saved_errno, "reading ‘%s’ of the tree", path);
            return NULL;
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    text[done] = '\0';
    return g_steal_pointer(&text);
}

bool tree_inside_write(const char *root, const char *path, const char *text, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    base_autofd fd = open_inside(root, parent, O_RDONLY | O_DIRECTORY);
    int saved_errno = errno;
    if (fd < 0)
        return base_error_set_errno(error, saved_errno, "opening ‘%s’ of the tree", parent);
    return base_fd_replace_file(fd, name, text, strlen(text), 0644, BASE_FD_REPLACE_NO_SYNC, error);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *tree_inside_list(const char *root, const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    int fd = open_inside(root, path, O_RDONLY | O_DIRECTORY);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    for (const struct dirent *entry = NULL; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    if (dir != NULL)
        (void)closedir(dir);
    else
        base_fd_clear(&fd);
    g_ptr_array_sort(names, compare_names);
    return names;
}
