/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Descriptors and files relative to a directory descriptor: bounded reading, atomic
 * replacing, locks, removal of trees.
 */
#include "base/fd.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define READ_CHUNK_BYTES (64 * 1024)

void base_fd_clear(int *fd)
{
    if (*fd < 0)
        return;
    int saved_errno = errno;
    close(*fd);
    *fd = -1;
    errno = saved_errno;
}

int base_fd_steal(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

int base_fd_open_dir(int dfd, const char *path, GError **error)
{
    int fd = openat(dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        base_error_set_errno(error, errno, "opening directory ‘%s’", path);
    return fd;
}

bool base_fd_make_dirs(int dfd, const char *path, mode_t mode, GError **error)
{
    if (mkdirat(dfd, path, mode) == 0 || errno == EEXIST)
        return true;
    if (errno != ENOENT)
        return base_error_set_errno(error, errno, "making directory ‘%s’", path);
    g_autofree char *parent = g_path_get_dirname(path);
    if (strcmp(parent, path) == 0)
        return base_error_set_errno(error, ENOENT, "making directory ‘%s’", path);
    if (!base_fd_make_dirs(dfd, parent, mode, error))
        return false;
    if (mkdirat(dfd, path, mode) != 0 && errno != EEXIST)
        return base_error_set_errno(error, errno, "making directory ‘%s’", path);
    return true;
}

static bool remove_children(int dir_fd, const char *path, GError **error)
{
    DIR *stream = fdopendir(dir_fd);
    if (stream == NULL) {
        int saved_errno = errno;
        close(dir_fd);
        return base_error_set_errno(error, saved_errno, "reading directory ‘%s’", path);
    }
    bool ok = true;
    struct dirent *entry;
    while (ok && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ok = base_fd_remove_tree(dirfd(stream), entry->d_name, error);
    }
    closedir(stream);
    return ok;
}

bool base_fd_remove_tree(int dfd, const char *path, GError **error)
{
    if (unlinkat(dfd, path, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return base_error_set_errno(error, errno, "removing ‘%s’", path);
    int dir_fd = openat(dfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir_fd < 0 && errno == EACCES) {
        /* a directory of ours without permissions, such as overlayfs leaves behind */
        (void)fchmodat(dfd, path, 0700, 0);
        dir_fd = openat(dfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (dir_fd < 0)
        return base_error_set_errno(error, errno, "removing ‘%s’", path);
    if (!remove_children(dir_fd, path, error))
        return false;
    if (unlinkat(dfd, path, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return base_error_set_errno(error, errno, "removing directory ‘%s’", path);
    return true;
}

GBytes *base_fd_read_all(int fd, size_t max_bytes, GError **error)
{
    struct stat st;
    size_t guess = READ_CHUNK_BYTES;
    /* one more than there is, so that the end shows; files of /proc say 0 */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        guess = (size_t)st.st_size + 1;
    guess = MIN(guess, max_bytes + 1);
    g_autoptr(GByteArray) data = g_byte_array_sized_new((guint)guess);
    for (;;) {
        size_t have = data->len;
        size_t wanted = have < guess ? guess - have : READ_CHUNK_BYTES;
        g_byte_array_set_size(data, (guint)(have + wanted));
        ssize_t n = read(fd, data->data + have, wanted);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n < 0)
            return base_error_set_errno(error, errno, "reading"), NULL;
        else if (n == 0) {
            data->data[have] = '\0';
            g_byte_array_set_size(data, (guint)have);
            return g_byte_array_free_to_bytes(g_steal_pointer(&data));
        }
        g_byte_array_set_size(data, (guint)(have + (size_t)n));
        if (data->len > max_bytes)
            return base_error_set(error, BASE_ERROR_INVALID, "larger than %zu bytes", max_bytes),
                   NULL;
    }
}

GBytes *base_fd_read_file(int dfd, const char *path, size_t max_bytes, GError **error)
{
    base_autofd fd = openat(dfd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", path), NULL;
    GBytes *bytes = base_fd_read_all(fd, max_bytes, error);
    if (bytes == NULL)
        g_prefix_error(error, "‘%s’: ", path);
    return bytes;
}

bool base_fd_write_all(int fd, const void *data, size_t size_bytes, GError **error)
{
    const char *cursor = data;
    while (size_bytes > 0) {
        ssize_t n = write(fd, cursor, size_bytes);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return base_error_set_errno(error, errno, "writing");
        }
        cursor += n;
        size_bytes -= (size_t)n;
    }
    return true;
}

static bool write_replacement(int fd, const void *data, size_t size_bytes, mode_t mode,
                              BaseFdReplaceFlags flags, GError **error)
{
    if (!base_fd_write_all(fd, data, size_bytes, error))
        return false;
    if (fchmod(fd, mode) != 0)
        return base_error_set_errno(error, errno, "setting its mode");
    if ((flags & BASE_FD_REPLACE_NO_SYNC) == 0 && fsync(fd) != 0)
        return base_error_set_errno(error, errno, "syncing");
    return true;
}

bool base_fd_replace_file(int dfd, const char *path, const void *data, size_t size_bytes,
                          mode_t mode, BaseFdReplaceFlags flags, GError **error)
{
    g_autofree char *temporary = g_strdup_printf("%s.%08x.tmp", path, g_random_int());
    base_autofd fd = openat(dfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_error_set_errno(error, errno, "creating ‘%s’", temporary);
    if (!write_replacement(fd, data, size_bytes, mode, flags, error)) {
        g_prefix_error(error, "writing ‘%s’: ", path);
        (void)unlinkat(dfd, temporary, 0);
        return false;
    }
    if (renameat(dfd, temporary, dfd, path) != 0) {
        int saved_errno = errno;
        (void)unlinkat(dfd, temporary, 0);
        return base_error_set_errno(error, saved_errno, "renaming ‘%s’ to ‘%s’", temporary, path);
    }
    if ((flags & BASE_FD_REPLACE_NO_SYNC) != 0)
        return true;
    g_autofree char *parent = g_path_get_dirname(path);
    base_autofd parent_fd = base_fd_open_dir(dfd, parent, error);
    if (parent_fd < 0)
        return false;
    if (fsync(parent_fd) != 0)
        return base_error_set_errno(error, errno, "syncing directory ‘%s’", parent);
    return true;
}

static bool set_lock_busy(int fd, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_all(fd, 64, NULL);
    const char *holder = bytes != NULL ? g_bytes_get_data(bytes, NULL) : NULL;
    if (holder == NULL || *holder == '\0')
        holder = "unknown";
    return base_error_set(error, BASE_ERROR_BUSY, "‘%s’ is locked by process %s", path, holder);
}

int base_fd_lock(int dfd, const char *path, BaseFdLockMode mode, GError **error)
{
    base_autofd fd = openat(dfd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening lock ‘%s’", path), -1;
    int operation = LOCK_EX | (mode == BASE_FD_LOCK_TRY ? LOCK_NB : 0);
    while (flock(fd, operation) != 0) {
        if (errno == EWOULDBLOCK)
            return set_lock_busy(fd, path, error), -1;
        if (errno != EINTR)
            return base_error_set_errno(error, errno, "locking ‘%s’", path), -1;
    }
    g_autofree char *holder = g_strdup_printf("%d", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, strlen(holder), 0) < 0)
        return base_error_set_errno(error, errno, "writing lock ‘%s’", path), -1;
    return base_fd_steal(&fd);
}
