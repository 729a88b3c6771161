/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/**
 * host_etc_copy_file:
 * @from_dfd: the directory that has it
 * @to_dfd: the directory that gets it, which has nothing of that name
 * @name: of a file or a symbolic link in @from_dfd
 * @st: what lstat() says of it
 * @error: return location
 *
 * With owner, mode, times and, for a file, extended attributes. A symbolic link can only have those
 * of SELinux and of trusted programs, and they are not copied. Nothing is synced.
 */
bool host_etc_copy_file(int from_dfd, int to_dfd, const char *name, const struct stat *st,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_etc_copy_attributes:
 * @from_fd: a file or a directory
 * @to_fd: the one that gets its owner, mode and extended attributes; further ones of its own stay
 * @error: return location
 */
bool host_etc_copy_attributes(int from_fd, int to_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_etc_same_file:
 * @a_dfd: a directory
 * @a: what lstat() says of its @name
 * @b_dfd: another directory
 * @b: what lstat() says of its @name
 * @name: of something in both that is no directory
 * @out_same: whether type, owner, mode and what is in it are the same
 * @error: return location
 */
bool host_etc_same_file(int a_dfd, const struct stat *a, int b_dfd, const struct stat *b,
                        const char *name, bool *out_same, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
