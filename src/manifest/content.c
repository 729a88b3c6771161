/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The digest of files and directories that a manifest adds to a tree.
 */
#include "manifest/content.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "manifest/records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CONTENT_MAX_DEPTH 64

typedef struct {
    BaseSha256 *sha256;
    unsigned depth;
} Walk;

static bool walk_entry(Walk *walk, int dfd, const char *name, GError **error);

/* Each part ends in a NUL, so that no two different trees give the same bytes. */
static void feed(Walk *walk, const char *text)
{
    base_sha256_update(walk->sha256, text, strlen(text) + 1);
}

static bool walk_file(Walk *walk, int dfd, const char *name, const struct stat *st, GError **error)
{
    base_autofd fd = openat(dfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int saved_errno = errno;
    if (fd < 0)
        return base_error_set_errno(error, saved_errno, "opening ‘%s’", name);
    g_autofree char *hex = base_sha256_hex_of_fd(fd, error);
    if (hex == NULL)
        return false;
    feed(walk, (st->st_mode & 0100) != 0 ? "program" : "file");
    feed(walk, hex);
    return true;
}

static bool walk_link(Walk *walk, int dfd, const char *name, GError **error)
{
    char target[4096];
    ssize_t length = readlinkat(dfd, name, target, sizeof target - 1);
    int saved_errno = errno;
    if (length < 0)
        return base_error_set_errno(error, saved_errno, "reading link ‘%s’", name);
    target[length] = '\0';
    feed(walk, "link");
    feed(walk, target);
    return true;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void dir_clear(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static GPtrArray *list_names(int dfd, const char *name, int *out_fd, GError **error)
{
    base_autofd fd = base_fd_open_dir(dfd, name, error);
    if (fd < 0)
        return NULL;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    __attribute__((cleanup(dir_clear))) DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    int saved_errno = errno;
    if (dir == NULL) {
        base_fd_clear(&copy);
        base_error_set_errno(error, saved_errno, "reading directory ‘%s’", name);
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const struct dirent *entry = NULL; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    g_ptr_array_sort(names, compare_names);
    *out_fd = base_fd_steal(&fd);
    return names;
}

static bool walk_dir(Walk *walk, int dfd, const char *name, GError **error)
{
    base_autofd fd = -1;
    if (walk->depth >= CONTENT_MAX_DEPTH)
        return base_error_set(error, BASE_ERROR_INVALID, "‘%s’ lies more than %d levels deep", name,
                              CONTENT_MAX_DEPTH);
    g_autoptr(GPtrArray) names = list_names(dfd, name, &fd, error);
    if (names == NULL)
        return false;
    feed(walk, "directory");
    walk->depth++;
    for (guint i = 0; i < names->len; i++) {
        feed(walk, names->pdata[i]);
        if (!walk_entry(walk, fd, names->pdata[i], error))
            return false;
    }
    walk->depth--;
    feed(walk, "end");
    return true;
}

static bool walk_entry(Walk *walk, int dfd, const char *name, GError **error)
{
    struct stat st;
    int rc = fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW);
    int saved_errno = errno;
    if (rc != 0)
        return base_error_set_errno(error, saved_errno, "reading ‘%s’", name);
    if (S_ISREG(st.st_mode))
        return walk_file(walk, dfd, name, &st, error);
    if (S_ISLNK(st.st_mode))
        return walk_link(walk, dfd, name, error);
    if (S_ISDIR(st.st_mode))
        return walk_dir(walk, dfd, name, error);
    return base_error_set(error, BASE_ERROR_INVALID,
                          "‘%s’ is neither a file, a directory nor a link", name);
}

char *manifest_content_digest(const char *path, const ManifestPlace *place, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    Walk walk = {.sha256 = sha256};
    if (!walk_entry(&walk, AT_FDCWD, path, &inner)) {
        manifest_place_set_error(place, error, "%s", inner->message);
        return NULL;
    }
    char hex[BASE_SHA256_HEX_CHARS + 1];
    base_sha256_finish_hex(sha256, hex);
    return g_strdup(hex);
}
