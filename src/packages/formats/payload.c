/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a tar stream to content objects and a tree, without a file being unpacked.
 */
#include "packages/formats/payload.h"

#include "store/loose.h"

#include <string.h>
#include <sys/stat.h>

/* below it a file is hashed in memory first, and not written when the repo has it */
#define SMALL_MAX_BYTES (1024 * 1024)
#define ENTRIES_MAX 1000000
#define BYTES_MAX (UINT64_C(64) * 1024 * 1024 * 1024)
/* zeroes compress better than this, but then they are few */
#define RATIO_MAX 1000
#define RATIO_FREE_BYTES (UINT64_C(1) << 30)
/* as the kernel's PATH_MAX; and no deeper than the repo's trees may be, below "usr/" too */
#define PATH_MAX_BYTES 4095
#define DEPTH_MAX 100

void packages_payload_init(PackagesPayload *self, int repo_fd)
{
    *self = (PackagesPayload){
        .repo_fd = repo_fd,
        .root = store_node_new_dir(0755),
        .list = g_string_new(NULL),
        .wanted_md5 = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .md5 = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
}

void packages_payload_clear(PackagesPayload *self)
{
    g_clear_pointer(&self->root, store_node_free);
    g_clear_pointer(&self->wanted_md5, g_hash_table_unref);
    g_clear_pointer(&self->md5, g_hash_table_unref);
    if (self->list != NULL)
        (void)g_string_free(g_steal_pointer(&self->list), TRUE);
    if (self->md5sums != NULL)
        (void)g_string_free(g_steal_pointer(&self->md5sums), TRUE);
}

static bool set_invalid(GError **error, const char *path, const char *what)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "‘%s’: %s", path, what);
    return false;
}

char *packages_payload_normalize(const char *path)
{
    while (g_str_has_prefix(path, "./") || *path == '/')
        path += *path == '/' ? 1 : 2;
    if (strcmp(path, ".") == 0)
        return g_strdup("");
    if (strlen(path) > PATH_MAX_BYTES)
        return NULL;
    unsigned depth = 0;
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (char **part = parts; *part != NULL; part++) {
        if (**part == '\0' || strcmp(*part, ".") == 0)
            continue;
        if (strcmp(*part, "..") == 0 || strlen(*part) > 255 || ++depth > DEPTH_MAX)
            return NULL;
        if (out->len > 0)
            g_string_append_c(out, '/');
        g_string_append(out, *part);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Merged /usr: where a path of an aliased top directory really lies. */
static char *merge_usr(const char *path)
{
    static const char *const aliases[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", NULL};
    size_t length = strcspn(path, "/");
    for (const char *const *alias = aliases; *alias != NULL; alias++)
        if (strlen(*alias) == length && strncmp(path, *alias, length) == 0)
            return g_strconcat("usr/", path, NULL);
    return g_strdup(path);
}

static const char *entry_name(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    return name != NULL ? name : archive_entry_pathname_utf8(entry);
}

static bool set_archive_error(GError **error, const char *path, struct archive *tar)
{
    const char *reason = archive_error_string(tar);
    return set_invalid(error, path, reason != NULL ? reason : "unreadable archive");
}

typedef bool (*TakeChunk)(void *sink, const void *data, size_t size_bytes, GError **error);

static bool take_into_array(void *sink, const void *data, size_t size_bytes, GError **error)
{
    (void)error;
    g_byte_array_append(sink, data, (guint)size_bytes);
    return true;
}

typedef struct {
    StoreWriter *writer; /* borrowed */
    GChecksum *md5;      /* borrowed, nullable */
} LargeSink;

static bool take_into_writer(void *data, const void *bytes, size_t size_bytes, GError **error)
{
    const LargeSink *sink = data;
    if (sink->md5 != NULL)
        g_checksum_update(sink->md5, bytes, (gssize)size_bytes);
    return store_writer_append(sink->writer, bytes, size_bytes, error);
}

static bool fill_gap(uint64_t gap_bytes, TakeChunk take, void *sink, GError **error)
{
    static const uint8_t zeroes[4096];
    while (gap_bytes > 0) {
        size_t n = (size_t)MIN(gap_bytes, sizeof zeroes);
        if (!take(sink, zeroes, n, error))
            return false;
        gap_bytes -= n;
    }
    return true;
}

static bool read_data(struct archive *tar, const char *path, uint64_t size_bytes, TakeChunk take,
                      void *sink, GError **error)
{
    uint64_t position = 0;
    for (;;) {
        const void *data = NULL;
        size_t n = 0;
        la_int64_t offset = 0;
        int status = archive_read_data_block(tar, &data, &n, &offset);
        if (status == ARCHIVE_EOF)
            break;
        if (status != ARCHIVE_OK)
            return set_archive_error(error, path, tar);
        if ((uint64_t)offset < position || (uint64_t)offset > size_bytes ||
            n > size_bytes - (uint64_t)offset)
            return set_invalid(error, path, "data outside of the file's size");
        if (!fill_gap((uint64_t)offset - position, take, sink, error) ||
            !take(sink, data, n, error))
            return false;
        position = (uint64_t)offset + n;
    }
    return fill_gap(size_bytes - position, take, sink, error);
}

static bool wants_md5(const PackagesPayload *self, const char *path)
{
    return self->md5sums != NULL || g_hash_table_contains(self->wanted_md5, path);
}

static bool read_small(PackagesPayload *self, struct archive *tar, const char *path,
                       StoreNode *node, GError **error)
{
    g_autoptr(GByteArray) array = g_byte_array_sized_new((guint)node->size_bytes);
    if (!read_data(tar, path, node->size_bytes, take_into_array, array, error))
        return false;
    g_autoptr(GBytes) contents = g_byte_array_free_to_bytes(g_steal_pointer(&array));
    if (wants_md5(self, path))
        g_hash_table_replace(self->md5, g_strdup(path),
                             g_compute_checksum_for_bytes(G_CHECKSUM_MD5, contents));
    return store_put_file(self->repo_fd, &node->meta, contents, node->checksum, error);
}

static bool read_large(PackagesPayload *self, struct archive *tar, const char *path,
                       StoreNode *node, GError **error)
{
    g_autoptr(StoreWriter) writer = store_writer_new(self->repo_fd, &node->meta, error);
    g_autoptr(GChecksum) md5 = wants_md5(self, path) ? g_checksum_new(G_CHECKSUM_MD5) : NULL;
    LargeSink sink = {.writer = writer, .md5 = md5};
    if (writer == NULL || !read_data(tar, path, node->size_bytes, take_into_writer, &sink, error) ||
        !store_writer_finish(writer, node->checksum, error))
        return false;
    if (md5 != NULL)
        g_hash_table_replace(self->md5, g_strdup(path), g_strdup(g_checksum_get_string(md5)));
    return true;
}

static bool add_file(PackagesPayload *self, struct archive *tar, struct archive_entry *entry,
                     const char *path, StoreNode *node, GError **error)
{
    if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0)
        return set_invalid(error, path, "a file without a size");
    /* dpkg knows none either; a few bytes of one can stand for gigabytes */
    if (archive_entry_sparse_count(entry) > 0)
        return set_invalid(error, path, "a sparse file");
    node->size_bytes = (uint64_t)archive_entry_size(entry);
    self->bytes += node->size_bytes;
    if (self->bytes > BYTES_MAX)
        return set_invalid(error, path, "the package unpacks to more than 64 GiB");
    if (self->package_bytes > 0 && self->bytes > RATIO_FREE_BYTES &&
        self->bytes / RATIO_MAX > self->package_bytes)
        return set_invalid(error, path,
                           "the package unpacks to more than a thousand times its size");
    self->files++;
    return node->size_bytes <= SMALL_MAX_BYTES ? read_small(self, tar, path, node, error)
                                               : read_large(self, tar, path, node, error);
}

static bool add_hard_link(PackagesPayload *self, struct archive_entry *entry, const char *path,
                          GError **error)
{
    g_autofree char *plain = packages_payload_normalize(archive_entry_hardlink(entry));
    g_autofree char *target = plain != NULL ? merge_usr(plain) : NULL;
    StoreNode *node = target != NULL ? store_node_find(self->root, target) : NULL;
    if (node == NULL || store_node_is_dir(node))
        return set_invalid(error, path, "a hard link to a file that the package lacks");
    store_node_put(self->root, path, store_node_copy(node));
    const char *digest = g_hash_table_lookup(self->md5, target);
    if (self->md5sums != NULL && digest != NULL && S_ISREG(node->meta.mode))
        g_hash_table_replace(self->md5, g_strdup(path), g_strdup(digest));
    return true;
}

static bool add_dir(PackagesPayload *self, const char *path, const StoreMeta *meta)
{
    StoreNode *dir = store_node_make_dirs(self->root, path);
    dir->meta = *meta;
    return true;
}

static bool add_link(PackagesPayload *self, struct archive_entry *entry, const char *path,
                     StoreNode *node, GError **error)
{
    const char *target = archive_entry_symlink(entry);
    if (target == NULL || *target == '\0')
        return set_invalid(error, path, "a symbolic link without a target");
    if (!g_utf8_validate(target, -1, NULL))
        return set_invalid(error, path, "a link's target that is not UTF-8");
    node->meta.mode = S_IFLNK | 0777;
    node->target = g_strdup(target);
    self->files++;
    return store_put_symlink(self->repo_fd, &node->meta, target, node->checksum, error);
}

static bool add_leaf(PackagesPayload *self, struct archive *tar, struct archive_entry *entry,
                     const char *path, const StoreMeta *meta, GError **error)
{
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    node->meta = *meta;
    bool ok = S_ISLNK(meta->mode) ? add_link(self, entry, path, node, error)
                                  : add_file(self, tar, entry, path, node, error);
    if (ok)
        store_node_put(self->root, path, g_steal_pointer(&node));
    return ok;
}

static bool note_md5(PackagesPayload *self, const char *plain, const char *path)
{
    const char *digest = g_hash_table_lookup(self->md5, path);
    if (self->md5sums != NULL && digest != NULL)
        g_string_append_printf(self->md5sums, "%s  %s\n", digest, plain);
    return true;
}

static bool add_entry(PackagesPayload *self, struct archive *tar, struct archive_entry *entry,
                      GError **error)
{
    const char *name = entry_name(entry);
    if (name == NULL)
        return set_invalid(error, "?", "an entry without a name");
    g_autofree char *plain = packages_payload_normalize(name);
    if (plain == NULL || strchr(plain, '\n') != NULL)
        return set_invalid(error, name,
                           "a path that leaves the root, is too long or has a newline");
    if (!g_utf8_validate(plain, -1, NULL))
        return set_invalid(error, name, "a path that is not UTF-8, as OSTree's have to be");
    g_string_append_printf(self->list, "/%s\n", *plain == '\0' ? "." : plain);
    g_autofree char *path = merge_usr(plain);
    StoreMeta meta = {
        .uid = (uint32_t)archive_entry_uid(entry),
        .gid = (uint32_t)archive_entry_gid(entry),
        .mode = archive_entry_mode(entry) & (S_IFMT | 07777),
    };
    if (*path == '\0' && (archive_entry_hardlink(entry) != NULL || !S_ISDIR(meta.mode)))
        return set_invalid(error, name, "the root is not a directory");
    if (archive_entry_hardlink(entry) != NULL)
        return add_hard_link(self, entry, path, error) && note_md5(self, plain, path);
    if (S_ISDIR(meta.mode))
        return add_dir(self, path, &meta);
    if (S_ISCHR(meta.mode) || S_ISBLK(meta.mode))
        return set_invalid(error, name, "a device node, which no package may bring into a tree");
    if (!S_ISREG(meta.mode) && !S_ISLNK(meta.mode))
        return set_invalid(error, name, "neither file, directory nor link");
    /* the link that aliases a merged directory belongs to the tree, not to a package */
    if (S_ISLNK(meta.mode) && strcmp(path, plain) != 0 && strchr(plain, '/') == NULL)
        return true;
    return add_leaf(self, tar, entry, path, &meta, error) &&
           (S_ISLNK(meta.mode) || note_md5(self, plain, path));
}

bool packages_payload_read(PackagesPayload *self, struct archive *tar, GError **error)
{
    for (unsigned count = 0;; count++) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(tar, &entry);
        if (status == ARCHIVE_EOF)
            return true;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return set_archive_error(error, "data.tar", tar);
        if (count == ENTRIES_MAX)
            return set_invalid(error, "data.tar", "more than a million entries");
        if (!add_entry(self, tar, entry, error))
            return false;
    }
}
