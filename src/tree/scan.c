/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From an overlay's upper layer back to a tree (overlayfs: kernel,
 * Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
 */
#include "tree/scan.h"

#include "base/error.h"
#include "base/fd.h"
#include "store/loose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CAPABILITY_XATTR "security.capability"
#define READ_CHUNK_BYTES (256 * 1024)

typedef struct {
    int repo_fd;
    const TreeUsersMap *ids;
    GPtrArray *removed; /* paths that whiteouts and opaque directories hide */
} Scan;

static GVariant *read_capability(int fd)
{
    uint8_t value[64];
    ssize_t n = fgetxattr(fd, CAPABILITY_XATTR, value, sizeof value);
    if (n <= 0)
        return NULL;
    GVariant *entry =
        g_variant_new("(@ay@ay)", g_variant_new_bytestring(CAPABILITY_XATTR),
                      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, value, (size_t)n, 1));
    return g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("(ayay)"), &entry, 1));
}

static void set_meta(const Scan *scan, const struct stat *st, StoreMeta *out_meta)
{
    out_meta->uid = tree_users_map_uid(scan->ids, st->st_uid);
    out_meta->gid = tree_users_map_gid(scan->ids, st->st_gid);
    out_meta->mode = st->st_mode & (S_IFMT | 07777);
}

static bool hash_file(const Scan *scan, int fd, StoreNode *node, GError **error)
{
    g_autoptr(StoreWriter) writer = store_writer_new(scan->repo_fd, &node->meta, error);
    g_autofree uint8_t *buffer = g_malloc(READ_CHUNK_BYTES);
    while (writer != NULL) {
        ssize_t n = read(fd, buffer, READ_CHUNK_BYTES);
        if (n == 0)
            return store_writer_finish(writer, node->checksum, error);
        if (n < 0 && errno != EINTR)
            return base_error_set_errno(error, errno, "reading a changed file");
        if (n > 0) {
            node->size_bytes += (uint64_t)n;
            if (!store_writer_append(writer, buffer, (size_t)n, error))
                return false;
        }
    }
    return false;
}

static StoreNode *scan_file(const Scan *scan, int dir_fd, const char *name, const struct stat *st,
                            GError **error)
{
    base_autofd fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", name), NULL;
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    set_meta(scan, st, &node->meta);
    node->meta.xattrs = read_capability(fd);
    return hash_file(scan, fd, node, error) ? g_steal_pointer(&node) : NULL;
}

static bool set_not_utf8(GError **error, const char *what)
{
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                "%s, which a script or add-files made, is not UTF-8, as OSTree's have to be", what);
    return false;
}

static StoreNode *scan_link(const Scan *scan, int dir_fd, const char *name, const struct stat *st,
                            GError **error)
{
    char target[4096];
    ssize_t n = readlinkat(dir_fd, name, target, sizeof target - 1);
    if (n < 0)
        return base_error_set_errno(error, errno, "reading link ‘%s’", name), NULL;
    target[n] = '\0';
    if (!g_utf8_validate(target, -1, NULL))
        return set_not_utf8(error, "the link's target"), NULL;
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    set_meta(scan, st, &node->meta);
    node->target = g_strdup(target);
    return store_put_symlink(scan->repo_fd, &node->meta, target, node->checksum, error)
               ? g_steal_pointer(&node)
               : NULL;
}

static bool is_opaque(int fd)
{
    char value = 0;
    return (fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y') ||
           (fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y');
}

static bool scan_dir(const Scan *scan, StoreNode *dir, int dir_fd, const char *path,
                     GError **error);

static bool scan_subdir(const Scan *scan, StoreNode *parent, int dir_fd, const char *name,
                        const char *path, GError **error)
{
    struct stat st;
    base_autofd fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return base_error_set_errno(error, errno, "opening directory ‘%s’", name);
    if (is_opaque(fd))
        g_ptr_array_add(scan->removed, g_strdup(path));
    StoreNode *dir = store_node_new_dir(0);
    g_hash_table_insert(parent->children, g_strdup(name), dir);
    set_meta(scan, &st, &dir->meta);
    return scan_dir(scan, dir, fd, path, error);
}

static bool scan_entry(const Scan *scan, StoreNode *dir, int dir_fd, const char *name,
                       const char *path, GError **error)
{
    struct stat st;
    if (!g_utf8_validate(name, -1, NULL))
        return set_not_utf8(error, "the name");
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return base_error_set_errno(error, errno, "looking at ‘%s’", name);
    if (S_ISDIR(st.st_mode))
        return scan_subdir(scan, dir, dir_fd, name, path, error);
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
        /* a whiteout, or what has no place in a tree */
        g_ptr_array_add(scan->removed, g_strdup(path));
        return true;
    }
    StoreNode *node = S_ISREG(st.st_mode) ? scan_file(scan, dir_fd, name, &st, error)
                                          : scan_link(scan, dir_fd, name, &st, error);
    if (node == NULL)
        return false;
    g_hash_table_insert(dir->children, g_strdup(name), node);
    return true;
}

static bool scan_dir(const Scan *scan, StoreNode *dir, int dir_fd, const char *path, GError **error)
{
    int stream_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = stream_fd < 0 ? NULL : fdopendir(stream_fd);
    if (stream == NULL)
        return base_error_set_errno(error, errno, "reading a directory");
    bool ok = true;
    struct dirent *entry;
    while (ok && (entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            g_autofree char *child = *path == '\0' ? g_strdup(entry->d_name)
                                                   : g_strconcat(path, "/", entry->d_name, NULL);
            ok = scan_entry(scan, dir, dir_fd, entry->d_name, child, error);
            if (!ok)
                g_prefix_error(error, "‘%s’: ", entry->d_name);
        }
    closedir(stream);
    return ok;
}

TreeDelta *tree_scan(int repo_fd, const char *upper, const TreeUsersMap *ids, GError **error)
{
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, upper, error);
    if (dir_fd < 0)
        return NULL;
    g_autoptr(TreeDelta) delta = tree_delta_new();
    Scan scan = {.repo_fd = repo_fd, .ids = ids, .removed = delta->removed};
    if (!scan_dir(&scan, delta->changed, dir_fd, "", error))
        return NULL;
    return g_steal_pointer(&delta);
}
