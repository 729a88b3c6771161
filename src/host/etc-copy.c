/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of /etc: compared, and copied whole, by descriptors.
 */
#include "host/etc-copy.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHUNK_BYTES (64 * 1024)
#define XATTR_LIST_MAX_BYTES (64 * 1024)

static bool fail(GError **error, const char *doing, const char *name)
{
    int saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "%s ‘%s’", doing, name);
}

static int open_file(int dfd, const char *name, GError **error)
{
    int fd = openat(dfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        (void)fail(error, "opening", name);
    return fd;
}

static bool copy_xattr(int from_fd, int to_fd, const char *name, GError **error)
{
    g_autofree char *value = g_malloc(XATTR_LIST_MAX_BYTES);
    ssize_t size = fgetxattr(from_fd, name, value, XATTR_LIST_MAX_BYTES);
    if (size < 0 || fsetxattr(to_fd, name, value, (size_t)size, 0) != 0)
        return fail(error, "copying the extended attribute", name);
    return true;
}

static bool copy_xattrs(int from_fd, int to_fd, GError **error)
{
    ssize_t size = flistxattr(from_fd, NULL, 0);
    if (size == 0 || (size < 0 && errno == ENOTSUP))
        return true;
    g_autofree char *names = g_malloc(XATTR_LIST_MAX_BYTES);
    size = size > 0 ? flistxattr(from_fd, names, XATTR_LIST_MAX_BYTES) : -1;
    if (size < 0)
        return fail(error, "listing", "extended attributes");
    for (const char *name = names; name < names + size; name += strlen(name) + 1) {
        if (!copy_xattr(from_fd, to_fd, name, error))
            return false;
    }
    return true;
}

bool host_etc_copy_attributes(int from_fd, int to_fd, GError **error)
{
    struct stat st;
    /* the owner first: a change of it takes set-user-id bits and capabilities away */
    if (fstat(from_fd, &st) != 0 || fchown(to_fd, st.st_uid, st.st_gid) != 0 ||
        fchmod(to_fd, st.st_mode & 07777) != 0)
        return fail(error, "copying", "owner and mode");
    return copy_xattrs(from_fd, to_fd, error);
}

static bool copy_content(int from_fd, int to_fd, GError **error)
{
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);
    ssize_t size;
    while ((size = TEMP_FAILURE_RETRY(read(from_fd, chunk, CHUNK_BYTES))) > 0) {
        if (!base_fd_write_all(to_fd, chunk, (size_t)size, error))
            return false;
    }
    return size == 0 || fail(error, "reading", "its content");
}

static bool copy_regular(int from_dfd, int to_dfd, const char *name, const struct timespec times[2],
                         GError **error)
{
    base_autofd from_fd = open_file(from_dfd, name, error);
    if (from_fd < 0)
        return false;
    base_autofd to_fd = openat(to_dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to_fd < 0)
        return fail(error, "making", name);
    if (!copy_content(from_fd, to_fd, error) || !host_etc_copy_attributes(from_fd, to_fd, error))
        return false;
    return futimens(to_fd, times) == 0 || fail(error, "setting the times of", name);
}

/* (transfer full) (nullable): where the link leads */
static char *read_link(int dfd, const char *name, GError **error)
{
    g_autofree char *target = g_malloc(PATH_MAX + 1);
    ssize_t size = readlinkat(dfd, name, target, PATH_MAX);
    if (size < 0) {
        (void)fail(error, "reading the link", name);
        return NULL;
    }
    target[size] = '\0';
    return g_steal_pointer(&target);
}

static bool copy_link(int from_dfd, int to_dfd, const char *name, const struct stat *st,
                      const struct timespec times[2], GError **error)
{
    g_autofree char *target = read_link(from_dfd, name, error);
    if (target == NULL)
        return false;
    if (symlinkat(target, to_dfd, name) != 0 ||
        fchownat(to_dfd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) != 0 ||
        utimensat(to_dfd, name, times, AT_SYMLINK_NOFOLLOW) != 0)
        return fail(error, "making the link", name);
    return true;
}

bool host_etc_copy_file(int from_dfd, int to_dfd, const char *name, const struct stat *st,
                        GError **error)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    return S_ISLNK(st->st_mode) ? copy_link(from_dfd, to_dfd, name, st, times, error)
                                : copy_regular(from_dfd, to_dfd, name, times, error);
}

static bool same_link(int a_dfd, int b_dfd, const char *name, bool *out_same, GError **error)
{
    g_autofree char *a = read_link(a_dfd, name, error);
    g_autofree char *b = a != NULL ? read_link(b_dfd, name, error) : NULL;
    *out_same = b != NULL && strcmp(a, b) == 0;
    return b != NULL;
}

static bool same_content(int a_dfd, int b_dfd, const char *name, bool *out_same, GError **error)
{
    base_autofd a_fd = open_file(a_dfd, name, error);
    base_autofd b_fd = a_fd >= 0 ? open_file(b_dfd, name, error) : -1;
    if (b_fd < 0)
        return false;
    g_autofree char *a = g_malloc(CHUNK_BYTES);
    g_autofree char *b = g_malloc(CHUNK_BYTES);
    ssize_t size;
    do {
        size = TEMP_FAILURE_RETRY(read(a_fd, a, CHUNK_BYTES));
        ssize_t other = size >= 0 ? TEMP_FAILURE_RETRY(read(b_fd, b, CHUNK_BYTES)) : -1;
        if (other < 0)
            return fail(error, "reading", name);
        *out_same = size == other && memcmp(a, b, (size_t)size) == 0;
    } while (*out_same && size > 0);
    return true;
}

bool host_etc_same_file(int a_dfd, const struct stat *a, int b_dfd, const struct stat *b,
                        const char *name, bool *out_same, GError **error)
{
    *out_same = a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
                a->st_size == b->st_size;
    if (!*out_same)
        return true;
    if (S_ISLNK(a->st_mode))
        return same_link(a_dfd, b_dfd, name, out_same, error);
    return !S_ISREG(a->st_mode) || same_content(a_dfd, b_dfd, name, out_same, error);
}
