/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/**
 * base_autofd:
 *
 * Declares an int that is closed when it leaves its scope (-1 is left alone).
 * GLib has this as g_autofd from 2.76 on.
 */
void base_fd_clear(int *fd);
#define base_autofd __attribute__((cleanup(base_fd_clear))) int

/**
 * base_fd_steal:
 * @fd: a descriptor variable
 *
 * Returns: the descriptor; the variable becomes -1
 */
int base_fd_steal(int *fd);

/**
 * base_fd_open_dir:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: path relative to @dfd
 * @error: return location
 *
 * Returns: a descriptor of the directory, or -1
 */
int base_fd_open_dir(int dfd, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_fd_make_dirs:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: path relative to @dfd; missing parents are made too
 * @mode: permission bits of what is made
 * @error: return location
 *
 * An existing directory is no error.
 */
bool base_fd_make_dirs(int dfd, const char *path, mode_t mode,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_fd_remove_tree:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: what to remove, with all below it; symbolic links are not followed
 * @error: return location
 *
 * What does not exist is no error. Does not cross into other file systems' mount points
 * on purpose: a busy mount point is an error.
 */
bool base_fd_remove_tree(int dfd, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_fd_read_file:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: path relative to @dfd
 * @max_bytes: a larger file is an error (hostile input is bounded here)
 * @error: return location
 *
 * Returns: (transfer full): the contents, NUL-terminated one byte past their size
 */
GBytes *base_fd_read_file(int dfd, const char *path, size_t max_bytes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_fd_read_all:
 * @fd: an open descriptor, read from its current offset to the end
 * @max_bytes: more than this is an error
 * @error: return location
 *
 * Returns: (transfer full): the contents, NUL-terminated one byte past their size
 */
GBytes *base_fd_read_all(int fd, size_t max_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_fd_write_all:
 * @fd: an open descriptor
 * @data: what to write
 * @size_bytes: its length
 * @error: return location
 *
 * Writes everything, resuming after short writes and signals.
 */
bool base_fd_write_all(int fd, const void *data, size_t size_bytes,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * BaseFdReplaceFlags:
 * @BASE_FD_REPLACE_DEFAULT: fsync the file before the rename
 * @BASE_FD_REPLACE_NO_SYNC: do not (scratch data that a crash may lose)
 */
typedef enum {
    BASE_FD_REPLACE_DEFAULT = 0,
    BASE_FD_REPLACE_NO_SYNC = 1 << 0,
} BaseFdReplaceFlags;

/**
 * base_fd_replace_file:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: path relative to @dfd
 * @data: new contents
 * @size_bytes: their length
 * @mode: permission bits of the new file, not subject to the umask
 * @flags: see #BaseFdReplaceFlags
 * @error: return location
 *
 * Writes to a temporary name beside @path, fsyncs, renames: readers see the old or the new
 * contents, never a part.
 */
bool base_fd_replace_file(int dfd, const char *path, const void *data, size_t size_bytes,
                          mode_t mode, BaseFdReplaceFlags flags,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * BaseFdLockMode:
 * @BASE_FD_LOCK_TRY: fail with %BASE_ERROR_BUSY when another process has it
 * @BASE_FD_LOCK_WAIT: wait for it
 */
typedef enum { BASE_FD_LOCK_TRY, BASE_FD_LOCK_WAIT } BaseFdLockMode;

/**
 * base_fd_lock:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: lock file, made when missing
 * @mode: whether to wait
 * @error: return location; %BASE_ERROR_BUSY names the holder's process id
 *
 * Takes an exclusive flock that ends with the descriptor (so also with the process).
 *
 * Returns: the descriptor that holds the lock, or -1
 */
int base_fd_lock(int dfd, const char *path, BaseFdLockMode mode,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
