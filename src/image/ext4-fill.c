/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Copies a directory tree into an ext4 file system with libext2fs, entries sorted by name.
 * mke2fs -d does nearly that, but takes entries as the source's directories happen to order
 * them, and access and change times as they are: its result is never the same twice.
 */
#include "image/ext4-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "image/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define COPY_BYTES (1u << 20)
#define XATTR_MAX_BYTES 65536

typedef struct {
    const ImageExt4Fill *job;
    GHashTable *inodes; /* source inode number → ours, for files with several names */
    uint8_t *buffer;
    uint64_t done_bytes;
} Filler;

/* One entry: where it comes from and where it goes. */
typedef struct {
    int dir_fd;
    const char *name;
    const char *path; /* from the root, for messages and the immutable flag */
    ext2_ino_t parent;
    struct stat st;
} Entry;

static bool fill_dir(Filler *filler, int dir_fd, ext2_ino_t ino, const char *path, GError **error);

static bool set_source_error(GError **error, int saved_errno, const char *verb, const char *path)
{
    return base_error_set_errno(error, saved_errno, "%s ‘/%s’", verb, path);
}

static bool set_fs_error(GError **error, errcode_t code, const char *path)
{
    g_autofree char *what = g_strdup_printf("writing ‘/%s’", path);
    return image_ext4_set_error(error, code, what);
}

static void set_owner_and_times(const Filler *filler, const struct stat *st,
                                struct ext2_inode_large *inode)
{
    int64_t mtime = MIN((int64_t)st->st_mtime, filler->job->shape->timestamp);
    uint32_t now = (uint32_t)filler->job->shape->timestamp;
    inode->i_mode = (uint16_t)st->st_mode;
    inode->i_uid = (uint16_t)st->st_uid;
    ext2fs_set_i_uid_high(*inode, (uint16_t)(st->st_uid >> 16));
    inode->i_gid = (uint16_t)st->st_gid;
    ext2fs_set_i_gid_high(*inode, (uint16_t)(st->st_gid >> 16));
    inode->i_mtime = (uint32_t)MAX(mtime, 0);
    inode->i_atime = inode->i_ctime = inode->i_crtime = now;
    inode->i_mtime_extra = inode->i_atime_extra = 0;
    inode->i_ctime_extra = inode->i_crtime_extra = 0;
}

static errcode_t link_name(ext2_filsys fs, const Entry *entry, ext2_ino_t ino, int type)
{
    errcode_t code = ext2fs_link(fs, entry->parent, entry->name, ino, type);
    if (code != EXT2_ET_DIR_NO_SPACE)
        return code;
    code = ext2fs_expand_dir(fs, entry->parent);
    return code != 0 ? code : ext2fs_link(fs, entry->parent, entry->name, ino, type);
}

static bool copy_xattr(ext2_filsys fs, struct ext2_xattr_handle *handle, const char *proc_path,
                       const char *name, const Entry *entry, GError **error)
{
    (void)fs;
    g_autofree char *value = g_malloc(XATTR_MAX_BYTES);
    ssize_t size_bytes = lgetxattr(proc_path, name, value, XATTR_MAX_BYTES);
    if (size_bytes < 0) {
        int saved_errno = errno;
        return set_source_error(error, saved_errno, "reading extended attributes of", entry->path);
    }
    errcode_t code = ext2fs_xattr_set(handle, name, value, (size_t)size_bytes);
    return code == 0 || set_fs_error(error, code, entry->path);
}

/* Attributes by path through /proc, because only that way reaches symbolic links too. */
static bool copy_xattrs(ext2_filsys fs, const Entry *entry, ext2_ino_t ino, GError **error)
{
    g_autofree char *proc_path = g_strdup_printf("/proc/self/fd/%d/%s", entry->dir_fd, entry->name);
    g_autofree char *names = g_malloc(XATTR_MAX_BYTES);
    ssize_t names_bytes = llistxattr(proc_path, names, XATTR_MAX_BYTES);
    if (names_bytes < 0 && errno != ENOTSUP) {
        int saved_errno = errno;
        return set_source_error(error, saved_errno, "reading extended attributes of", entry->path);
    }
    if (names_bytes <= 0)
        return true;
    struct ext2_xattr_handle *handle = NULL;
    errcode_t code = ext2fs_xattrs_open(fs, ino, &handle);
    if (code == 0)
        code = ext2fs_xattrs_read(handle);
    bool ok = code == 0 || set_fs_error(error, code, entry->path);
    for (const char *name = names; ok && name < names + names_bytes; name += strlen(name) + 1)
        ok = copy_xattr(fs, handle, proc_path, name, entry, error);
    if (handle != NULL)
        (void)ext2fs_xattrs_close(&handle);
    return ok;
}

static bool write_disk(const Filler *filler, uint64_t block, size_t size_bytes, GError **error)
{
    const uint8_t *at = filler->buffer;
    uint64_t offset_bytes = filler->job->shape->offset_bytes + block * IMAGE_EXT4_BLOCK_BYTES;
    while (size_bytes > 0) {
        ssize_t n = pwrite(filler->job->disk_fd, at, size_bytes, (off_t)offset_bytes);
        if (n < 0) {
            int saved_errno = errno;
            if (saved_errno == EINTR)
                continue;
            return base_error_set_errno(error, saved_errno, "writing ‘%s’",
                                        filler->job->shape->path);
        }
        at += n;
        offset_bytes += (uint64_t)n;
        size_bytes -= (size_t)n;
    }
    return true;
}

/* Copies what belongs into one extent; bytes past the end of the file are zero already. */
static bool copy_extent(Filler *filler, int fd, const Entry *entry,
                        const struct ext2fs_extent *extent, GError **error)
{
    uint64_t offset_bytes = (uint64_t)extent->e_lblk * IMAGE_EXT4_BLOCK_BYTES;
    uint64_t end_bytes = MIN(offset_bytes + (uint64_t)extent->e_len * IMAGE_EXT4_BLOCK_BYTES,
                             (uint64_t)entry->st.st_size);
    uint64_t block = extent->e_pblk;
    while (offset_bytes < end_bytes) {
        size_t want_bytes = (size_t)MIN(end_bytes - offset_bytes, COPY_BYTES);
        ssize_t n = pread(fd, filler->buffer, want_bytes, (off_t)offset_bytes);
        if (n < 0 || (size_t)n != want_bytes) {
            int saved_errno = n < 0 ? errno : EIO;
            return set_source_error(error, saved_errno, "reading", entry->path);
        }
        if (!write_disk(filler, block, want_bytes, error))
            return false;
        offset_bytes += want_bytes;
        block += want_bytes / IMAGE_EXT4_BLOCK_BYTES;
    }
    return true;
}

static bool copy_extents(Filler *filler, int fd, const Entry *entry, ext2_extent_handle_t handle,
                         GError **error)
{
    struct ext2fs_extent extent;
    errcode_t code = ext2fs_extent_get(handle, EXT2_EXTENT_ROOT, &extent);
    while (code == 0) {
        bool leaf = (extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) != 0 &&
                    (extent.e_flags & EXT2_EXTENT_FLAGS_SECOND_VISIT) == 0;
        if (leaf && !copy_extent(filler, fd, entry, &extent, error))
            return false;
        code = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT, &extent);
    }
    return code == EXT2_ET_EXTENT_NO_NEXT || code == EXT2_ET_NO_CURRENT_NODE ||
           set_fs_error(error, code, entry->path);
}

static bool copy_data(Filler *filler, const Entry *entry, ext2_ino_t ino, GError **error)
{
    base_autofd fd = openat(entry->dir_fd, entry->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        int saved_errno = errno;
        return set_source_error(error, saved_errno, "opening", entry->path);
    }
    ext2_filsys fs = filler->job->fs;
    uint64_t blocks =
        ((uint64_t)entry->st.st_size + IMAGE_EXT4_BLOCK_BYTES - 1) / IMAGE_EXT4_BLOCK_BYTES;
    errcode_t code = ext2fs_fallocate(fs, EXT2_FALLOCATE_FORCE_INIT, ino, NULL, ~0ULL, 0, blocks);
    ext2_extent_handle_t handle = NULL;
    if (code == 0)
        code = ext2fs_extent_open(fs, ino, &handle);
    if (code != 0)
        return set_fs_error(error, code, entry->path);
    bool ok = copy_extents(filler, fd, entry, handle, error);
    ext2fs_extent_free(handle);
    filler->done_bytes += blocks * IMAGE_EXT4_BLOCK_BYTES;
    base_progress_update(filler->job->progress, filler->done_bytes, filler->job->total_bytes,
                         "bytes");
    return ok;
}

static bool add_file(Filler *filler, const Entry *entry, ext2_ino_t *out_ino, GError **error)
{
    ext2_filsys fs = filler->job->fs;
    ext2_ino_t ino = 0;
    errcode_t code = ext2fs_new_inode(fs, entry->parent, LINUX_S_IFREG, NULL, &ino);
    if (code == 0)
        code = link_name(fs, entry, ino, EXT2_FT_REG_FILE);
    if (code != 0)
        return set_fs_error(error, code, entry->path);
    ext2fs_inode_alloc_stats2(fs, ino, +1, 0);
    struct ext2_inode_large inode = {.i_links_count = 1};
    inode.i_extra_isize = (uint16_t)(sizeof inode - EXT2_GOOD_OLD_INODE_SIZE);
    set_owner_and_times(filler, &entry->st, &inode);
    inode.i_flags = EXT4_EXTENTS_FL;
    code = ext2fs_inode_size_set(fs, EXT2_INODE(&inode), (ext2_off64_t)entry->st.st_size);
    ext2_extent_handle_t handle = NULL;
    /* opening an empty extent tree initialises its header in the inode */
    if (code == 0)
        code = ext2fs_write_inode_full(fs, ino, EXT2_INODE(&inode), sizeof inode);
    if (code == 0)
        code = ext2fs_extent_open2(fs, ino, EXT2_INODE(&inode), &handle);
    if (code == 0)
        code = ext2fs_write_inode_full(fs, ino, EXT2_INODE(&inode), sizeof inode);
    if (handle != NULL)
        ext2fs_extent_free(handle);
    if (code != 0)
        return set_fs_error(error, code, entry->path);
    if (entry->st.st_size > 0 && !copy_data(filler, entry, ino, error))
        return false;
    *out_ino = ino;
    return true;
}

static bool update_inode(Filler *filler, const Entry *entry, ext2_ino_t ino, uint32_t more_flags,
                         GError **error)
{
    ext2_filsys fs = filler->job->fs;
    struct ext2_inode_large inode = {0};
    errcode_t code = ext2fs_read_inode_full(fs, ino, EXT2_INODE(&inode), sizeof inode);
    if (code == 0) {
        set_owner_and_times(filler, &entry->st, &inode);
        inode.i_flags |= more_flags;
        code = ext2fs_write_inode_full(fs, ino, EXT2_INODE(&inode), sizeof inode);
    }
    return code == 0 || set_fs_error(error, code, entry->path);
}

static bool add_symlink(Filler *filler, const Entry *entry, ext2_ino_t *out_ino, GError **error)
{
    char target[IMAGE_EXT4_BLOCK_BYTES];
    ssize_t n = readlinkat(entry->dir_fd, entry->name, target, sizeof target - 1);
    if (n < 0) {
        int saved_errno = errno;
        return set_source_error(error, saved_errno, "reading link", entry->path);
    }
    target[n] = '\0';
    ext2_filsys fs = filler->job->fs;
    ext2_ino_t ino = 0;
    errcode_t code = ext2fs_new_inode(fs, entry->parent, LINUX_S_IFLNK, NULL, &ino);
    if (code == 0)
        code = ext2fs_symlink(fs, entry->parent, ino, entry->name, target);
    if (code == EXT2_ET_DIR_NO_SPACE) {
        code = ext2fs_expand_dir(fs, entry->parent);
        if (code == 0)
            code = ext2fs_symlink(fs, entry->parent, ino, entry->name, target);
    }
    if (code != 0)
        return set_fs_error(error, code, entry->path);
    *out_ino = ino;
    return update_inode(filler, entry, ino, 0, error);
}

static bool add_dir(Filler *filler, const Entry *entry, GError **error)
{
    ext2_filsys fs = filler->job->fs;
    ext2_ino_t ino = 0;
    errcode_t code = ext2fs_new_inode(fs, entry->parent, LINUX_S_IFDIR, NULL, &ino);
    if (code == 0)
        code = ext2fs_mkdir(fs, entry->parent, ino, entry->name);
    if (code == EXT2_ET_DIR_NO_SPACE) {
        code = ext2fs_expand_dir(fs, entry->parent);
        if (code == 0)
            code = ext2fs_mkdir(fs, entry->parent, ino, entry->name);
    }
    if (code != 0)
        return set_fs_error(error, code, entry->path);
    base_autofd child_fd = base_fd_open_dir(entry->dir_fd, entry->name, error);
    if (child_fd < 0 || !fill_dir(filler, child_fd, ino, entry->path, error))
        return false;
    bool immutable = g_strcmp0(entry->path, filler->job->shape->immutable_path) == 0;
    return update_inode(filler, entry, ino, immutable ? EXT2_IMMUTABLE_FL : 0, error) &&
           copy_xattrs(fs, entry, ino, error);
}

static bool add_another_name(Filler *filler, const Entry *entry, ext2_ino_t ino, GError **error)
{
    ext2_filsys fs = filler->job->fs;
    struct ext2_inode inode;
    errcode_t code = ext2fs_read_inode(fs, ino, &inode);
    if (code == 0) {
        inode.i_links_count++;
        code = ext2fs_write_inode(fs, ino, &inode);
    }
    if (code == 0)
        code = link_name(fs, entry, ino,
                         S_ISLNK(entry->st.st_mode) ? EXT2_FT_SYMLINK : EXT2_FT_REG_FILE);
    return code == 0 || set_fs_error(error, code, entry->path);
}

static bool add_entry(Filler *filler, const Entry *entry, GError **error)
{
    if (S_ISDIR(entry->st.st_mode))
        return add_dir(filler, entry, error);
    if (!S_ISREG(entry->st.st_mode) && !S_ISLNK(entry->st.st_mode)) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE,
                    "‘/%s’ is neither file, directory nor symbolic link", entry->path);
        return false;
    }
    gint64 key = (gint64)entry->st.st_ino;
    gpointer known = g_hash_table_lookup(filler->inodes, &key);
    if (known != NULL)
        return add_another_name(filler, entry, GPOINTER_TO_UINT(known), error);
    ext2_ino_t ino = 0;
    bool ok = S_ISREG(entry->st.st_mode) ? add_file(filler, entry, &ino, error)
                                         : add_symlink(filler, entry, &ino, error);
    if (!ok || !copy_xattrs(filler->job->fs, entry, ino, error))
        return false;
    if (entry->st.st_nlink > 1)
        g_hash_table_insert(filler->inodes, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(ino));
    return true;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_names(int dir_fd, const char *path, GError **error)
{
    DIR *dir = fdopendir(dup(dir_fd));
    if (dir == NULL) {
        int saved_errno = errno;
        set_source_error(error, saved_errno, "reading directory", path);
        return NULL;
    }
    rewinddir(dir);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
            g_ptr_array_add(names, g_strdup(entry->d_name));
    closedir(dir);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static bool fill_dir(Filler *filler, int dir_fd, ext2_ino_t ino, const char *path, GError **error)
{
    if (g_cancellable_set_error_if_cancelled(filler->job->cancellable, error))
        return false;
    g_autoptr(GPtrArray) names = list_names(dir_fd, path, error);
    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *child_path =
            *path != '\0' ? g_strdup_printf("%s/%s", path, name) : g_strdup(name);
        Entry entry = {.dir_fd = dir_fd, .name = name, .path = child_path, .parent = ino};
        if (fstatat(dir_fd, name, &entry.st, AT_SYMLINK_NOFOLLOW) != 0) {
            int saved_errno = errno;
            return set_source_error(error, saved_errno, "reading", child_path);
        }
        if (!add_entry(filler, &entry, error))
            return false;
    }
    return true;
}

bool image_ext4_fill(const ImageExt4Fill *self, int source_dfd, GError **error)
{
    g_autoptr(GHashTable) inodes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autofree uint8_t *buffer = g_malloc(COPY_BYTES);
    Filler filler = {.job = self, .inodes = inodes, .buffer = buffer};
    return fill_dir(&filler, source_dfd, EXT2_ROOT_INO, "", error);
}
