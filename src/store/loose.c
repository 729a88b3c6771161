/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loose objects: written to a temporary name, then renamed to the checksum. They are not
 * synced one by one; whoever makes a ref point at objects calls syncfs first. After a power
 * cut an object without a ref may be short, so one that exists is trusted only when its size
 * is right.
 */
#include "store/loose.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define USER_META_XATTR "user.ostreemeta"
#define USER_META_MAX_BYTES (64 * 1024)
#define SYMLINK_MAX_BYTES 4096
#define CONTENTS_MAX_BYTES (1024 * 1024 * 1024)

static int open_temporary(int repo_fd, char out_name[static 64], GError **error)
{
    g_snprintf(out_name, 64, "tmp/atoll/%08x%08x", g_random_int(), g_random_int());
    int fd = openat(repo_fd, out_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        base_error_set_errno(error, errno, "creating an object");
    return fd;
}

static bool put_into_place(int repo_fd, const char *temporary, const char *path, GError **error)
{
    if (renameat(repo_fd, temporary, repo_fd, path) == 0)
        return true;
    if (errno != ENOENT)
        return base_error_set_errno(error, errno, "renaming an object to ‘%s’", path);
    char folder[] = "objects/xx";
    memcpy(folder + 8, path + 8, 2);
    if (mkdirat(repo_fd, folder, 0755) != 0 && errno != EEXIST)
        return base_error_set_errno(error, errno, "making directory ‘%s’", folder);
    if (renameat(repo_fd, temporary, repo_fd, path) != 0)
        return base_error_set_errno(error, errno, "renaming an object to ‘%s’", path);
    return true;
}

static bool exists_with_size(int repo_fd, const char *path, uint64_t size_bytes)
{
    struct stat st;
    return fstatat(repo_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (uint64_t)st.st_size == size_bytes;
}

static bool finish_bare_user(int fd, const StoreMeta *meta, GError **error)
{
    g_autoptr(GVariant) user_meta = store_object_user_meta(meta);
    if (fsetxattr(fd, USER_META_XATTR, g_variant_get_data(user_meta), g_variant_get_size(user_meta),
                  0) != 0)
        return base_error_set_errno(error, errno,
                                    "setting " USER_META_XATTR " (the state directory needs a "
                                    "file system with user extended attributes)");
    /* libostree's rule for bare-user: readable, never set-id */
    if (S_ISREG(meta->mode) && fchmod(fd, (meta->mode & 0775) | S_IRUSR) != 0)
        return base_error_set_errno(error, errno, "setting an object's mode");
    const struct timespec times[2] = {{0, UTIME_OMIT}, {0, 0}};
    if (futimens(fd, times) != 0)
        return base_error_set_errno(error, errno, "setting an object's time");
    return true;
}

static bool write_parts(int fd, GBytes *const *parts, size_t n_parts, GError **error)
{
    for (size_t i = 0; i < n_parts; i++) {
        size_t size_bytes = 0;
        const void *data = g_bytes_get_data(parts[i], &size_bytes);
        if (!base_fd_write_all(fd, data, size_bytes, error))
            return false;
    }
    return true;
}

static bool write_object(int repo_fd, const char *path, GBytes *const *parts, size_t n_parts,
                         const StoreMeta *user_meta, GError **error)
{
    char temporary[64];
    base_autofd fd = open_temporary(repo_fd, temporary, error);
    if (fd < 0)
        return false;
    if (write_parts(fd, parts, n_parts, error) &&
        (user_meta == NULL || finish_bare_user(fd, user_meta, error)) &&
        put_into_place(repo_fd, temporary, path, error))
        return true;
    (void)unlinkat(repo_fd, temporary, 0);
    return false;
}

bool store_put_raw(int repo_fd, const char *path, GBytes *const *parts, size_t n_parts,
                   GError **error)
{
    return write_object(repo_fd, path, parts, n_parts, NULL, error);
}

bool store_put_metadata(int repo_fd, const char *extension, GVariant *variant,
                        uint8_t out_checksum[static BASE_SHA256_BYTES], GError **error)
{
    g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(variant);
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    base_sha256_update(sha256, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    base_sha256_finish(sha256, out_checksum);
    char path[96];
    store_object_path(out_checksum, extension, path);
    return exists_with_size(repo_fd, path, g_bytes_get_size(bytes)) ||
           write_object(repo_fd, path, &bytes, 1, NULL, error);
}

static void checksum_content(const StoreMeta *meta, const char *target, GBytes *contents,
                             uint8_t out_checksum[static BASE_SHA256_BYTES])
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    g_autoptr(GBytes) header = store_object_header(meta, target);
    base_sha256_update(sha256, g_bytes_get_data(header, NULL), g_bytes_get_size(header));
    if (contents != NULL && g_bytes_get_size(contents) > 0)
        base_sha256_update(sha256, g_bytes_get_data(contents, NULL), g_bytes_get_size(contents));
    base_sha256_finish(sha256, out_checksum);
}

static bool put_content(int repo_fd, const StoreMeta *meta, GBytes *bytes,
                        const uint8_t checksum[static BASE_SHA256_BYTES], GError **error)
{
    char path[96];
    store_object_path(checksum, "file", path);
    return exists_with_size(repo_fd, path, g_bytes_get_size(bytes)) ||
           write_object(repo_fd, path, &bytes, 1, meta, error);
}

bool store_put_file(int repo_fd, const StoreMeta *meta, GBytes *contents,
                    uint8_t out_checksum[static BASE_SHA256_BYTES], GError **error)
{
    checksum_content(meta, NULL, contents, out_checksum);
    return put_content(repo_fd, meta, contents, out_checksum, error);
}

bool store_put_symlink(int repo_fd, const StoreMeta *meta, const char *target,
                       uint8_t out_checksum[static BASE_SHA256_BYTES], GError **error)
{
    checksum_content(meta, target, NULL, out_checksum);
    g_autoptr(GBytes) bytes = g_bytes_new(target, strlen(target));
    return put_content(repo_fd, meta, bytes, out_checksum, error);
}

struct _StoreWriter {
    int repo_fd; /* borrowed */
    int fd;      /* owned */
    StoreMeta meta;
    BaseSha256 *sha256; /* owned */
    char temporary[64];
    bool finished;
};

StoreWriter *store_writer_new(int repo_fd, const StoreMeta *meta, GError **error)
{
    g_autoptr(StoreWriter) self = g_new0(StoreWriter, 1);
    self->repo_fd = repo_fd;
    self->meta = *meta;
    if (self->meta.xattrs != NULL)
        g_variant_ref(self->meta.xattrs);
    self->sha256 = base_sha256_new();
    g_autoptr(GBytes) header = store_object_header(meta, NULL);
    base_sha256_update(self->sha256, g_bytes_get_data(header, NULL), g_bytes_get_size(header));
    self->fd = open_temporary(repo_fd, self->temporary, error);
    if (self->fd < 0)
        return NULL;
    return g_steal_pointer(&self);
}

bool store_writer_append(StoreWriter *self, const void *data, size_t size_bytes, GError **error)
{
    base_sha256_update(self->sha256, data, size_bytes);
    return base_fd_write_all(self->fd, data, size_bytes, error);
}

bool store_writer_finish(StoreWriter *self, uint8_t out_checksum[static BASE_SHA256_BYTES],
                         GError **error)
{
    base_sha256_finish(self->sha256, out_checksum);
    if (!finish_bare_user(self->fd, &self->meta, error))
        return false;
    char path[96];
    store_object_path(out_checksum, "file", path);
    self->finished = put_into_place(self->repo_fd, self->temporary, path, error);
    return self->finished;
}

void store_writer_free(StoreWriter *self)
{
    if (self == NULL)
        return;
    if (self->fd >= 0 && !self->finished)
        (void)unlinkat(self->repo_fd, self->temporary, 0);
    base_fd_clear(&self->fd);
    g_clear_pointer(&self->meta.xattrs, g_variant_unref);
    base_sha256_free(self->sha256);
    g_free(self);
}

static int open_object(int repo_fd, const uint8_t checksum[static BASE_SHA256_BYTES],
                       GError **error)
{
    char path[96];
    store_object_path(checksum, "file", path);
    int fd = openat(repo_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        int saved_errno = errno;
        g_set_error(error, STORE_ERROR,
                    saved_errno == ENOENT ? STORE_ERROR_NOT_FOUND : STORE_ERROR_FAILED,
                    "opening object ‘%s’: %s", path, g_strerror(saved_errno));
    }
    return fd;
}

static bool read_user_meta(int fd, StoreMeta *out_meta, GError **error)
{
    uint8_t stack[256];
    ssize_t n = fgetxattr(fd, USER_META_XATTR, stack, sizeof stack);
    if (n >= 0)
        return store_object_parse_user_meta(stack, (size_t)n, out_meta, error);
    if (errno != ERANGE)
        return base_error_set_errno(error, errno, "reading an object's metadata");
    g_autofree uint8_t *heap = g_malloc(USER_META_MAX_BYTES);
    n = fgetxattr(fd, USER_META_XATTR, heap, USER_META_MAX_BYTES);
    if (n < 0)
        return base_error_set_errno(error, errno, "reading an object's metadata");
    return store_object_parse_user_meta(heap, (size_t)n, out_meta, error);
}

bool store_load_meta(int repo_fd, const uint8_t checksum[static BASE_SHA256_BYTES],
                     StoreMeta *out_meta, uint64_t *out_size_bytes, char **out_target,
                     GError **error)
{
    base_autofd fd = open_object(repo_fd, checksum, error);
    if (fd < 0)
        return false;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return base_error_set_errno(error, errno, "reading an object's size");
    StoreMeta meta = {0};
    if (!read_user_meta(fd, &meta, error))
        return false;
    g_autoptr(GBytes) target = NULL;
    if (S_ISLNK(meta.mode)) {
        target = base_fd_read_all(fd, SYMLINK_MAX_BYTES, error);
        if (target == NULL) {
            g_clear_pointer(&meta.xattrs, g_variant_unref);
            return false;
        }
    }
    *out_target = target != NULL ? g_strdup(g_bytes_get_data(target, NULL)) : NULL;
    *out_meta = meta;
    *out_size_bytes = (uint64_t)st.st_size;
    return true;
}

GBytes *store_load_contents(int repo_fd, const uint8_t checksum[static BASE_SHA256_BYTES],
                            GError **error)
{
    base_autofd fd = open_object(repo_fd, checksum, error);
    return fd < 0 ? NULL : base_fd_read_all(fd, CONTENTS_MAX_BYTES, error);
}
