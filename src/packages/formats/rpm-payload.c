/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From an rpm's cpio stream to content objects, each checked against the header. The header
 * is what a signature covers: nothing that it does not say gets into the tree.
 */
#include "packages/formats/rpm-payload.h"

#include "packages/formats/capabilities.h"
#include "packages/formats/payload.h"
#include "store/loose.h"

#include <archive_entry.h>
#include <openssl/evp.h>
#include <rpm/rpmpgp.h>
#include <string.h>
#include <sys/stat.h>

/* below it a file is hashed in memory first, and not written when the repo has it */
#define SMALL_MAX_BYTES (1024 * 1024)
#define FILES_MAX 1000000
#define TARGET_MAX_BYTES 4095
#define BYTES_MAX (UINT64_C(64) << 30)
/* zeroes compress better than this, but then they are few */
#define RATIO_MAX 1000
#define RATIO_FREE_BYTES (UINT64_C(1) << 30)

static bool set_invalid(GError **error, const char *path, const char *what)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "‘%s’: %s", path, what);
    return false;
}

void packages_rpm_payload_clear(PackagesRpmPayload *self)
{
    g_clear_pointer(&self->by_path, g_hash_table_unref);
    for (unsigned i = 0; self->nodes != NULL && i < self->n_files; i++)
        store_node_free(self->nodes[i]);
    g_clear_pointer(&self->nodes, g_free);
}

/* --- the header's word --- */

static bool is_ghost(const PackagesRpmPayload *self, unsigned index)
{
    return (rpmfilesFFlags(self->files, (int)index) & RPMFILE_GHOST) != 0;
}

static bool add_size(PackagesRpmPayload *self, unsigned index, uint64_t package_bytes,
                     const char *path, GError **error)
{
    uint64_t size_bytes = rpmfilesFSize(self->files, (int)index);
    if (!S_ISREG(rpmfilesFMode(self->files, (int)index)) || is_ghost(self, index))
        return true;
    if (size_bytes > BYTES_MAX || self->bytes + size_bytes > BYTES_MAX)
        return set_invalid(error, path, "the package unpacks to more than 64 GiB");
    self->bytes += size_bytes;
    if (self->bytes > RATIO_FREE_BYTES && self->bytes / RATIO_MAX > package_bytes)
        return set_invalid(error, path,
                           "the package unpacks to more than a thousand times its size");
    return true;
}

static bool add_path(PackagesRpmPayload *self, unsigned index, uint64_t package_bytes,
                     GError **error)
{
    char *full = rpmfilesFN(self->files, (int)index);
    g_autofree char *name = g_strdup(full != NULL ? full : "");
    free(full);
    g_autofree char *path = packages_payload_normalize(name);
    mode_t mode = rpmfilesFMode(self->files, (int)index);
    if (path == NULL || *name != '/' || strchr(path, '\n') != NULL)
        return set_invalid(error, name,
                           "a path that leaves the root, is too long or has a newline");
    if (!g_utf8_validate(path, -1, NULL))
        return set_invalid(error, name, "a path that is not UTF-8, as OSTree's have to be");
    if (*path == '\0' && !S_ISDIR(mode))
        return set_invalid(error, name, "the root is not a directory");
    if (!is_ghost(self, index) && !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
        return set_invalid(error, name, "neither file, directory nor link");
    if (!add_size(self, index, package_bytes, name, error))
        return false;
    if (!g_hash_table_insert(self->by_path, g_steal_pointer(&path), GUINT_TO_POINTER(index + 1)))
        return set_invalid(error, name, "the header has it twice");
    return true;
}

bool packages_rpm_payload_init(PackagesRpmPayload *self, rpmfiles files, int repo_fd,
                               uint64_t package_bytes, GError **error)
{
    *self = (PackagesRpmPayload){.repo_fd = repo_fd, .files = files};
    unsigned n_files = rpmfilesFC(files);
    if (n_files > FILES_MAX)
        return set_invalid(error, "header", "more than a million files");
    self->n_files = n_files;
    self->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->nodes = g_new0(StoreNode *, n_files + 1);
    for (unsigned i = 0; i < n_files; i++)
        if (!add_path(self, i, package_bytes, error))
            return false;
    return true;
}

static GVariant *make_xattrs(const PackagesRpmPayload *self, unsigned index, const char *path,
                             GError **error)
{
    const char *text = rpmfilesFCaps(self->files, (int)index);
    g_autoptr(GBytes) value = packages_capabilities_parse(text, error);
    if (value == NULL) {
        g_prefix_error(error, "‘%s’: ", path);
        return NULL;
    }
    GVariant *entry =
        g_variant_new("(@ay@ay)", g_variant_new_bytestring("security.capability"),
                      g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, value, TRUE));
    return g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("(ayay)"), &entry, 1));
}

static StoreNode *new_node(const PackagesRpmPayload *self, unsigned index, const char *path,
                           GError **error)
{
    g_autoptr(StoreNode) node = g_new0(StoreNode, 1);
    const char *caps = rpmfilesFCaps(self->files, (int)index);
    node->meta.mode = rpmfilesFMode(self->files, (int)index) & (S_IFMT | 07777);
    if (S_ISREG(node->meta.mode) && caps != NULL && *caps != '\0') {
        node->meta.xattrs = make_xattrs(self, index, path, error);
        if (node->meta.xattrs == NULL)
            return NULL;
    }
    if (S_ISREG(node->meta.mode))
        node->size_bytes = rpmfilesFSize(self->files, (int)index);
    return g_steal_pointer(&node);
}

/* --- contents --- */

typedef struct {
    const char *path;
    uint64_t size_bytes;
    GByteArray *array;   /* borrowed, nullable: a small file */
    StoreWriter *writer; /* borrowed, nullable: a large one */
    EVP_MD_CTX *digest;  /* owned, nullable */
} Sink;

static void sink_clear(Sink *sink)
{
    EVP_MD_CTX_free(sink->digest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sink, sink_clear)

static bool take(Sink *sink, const void *data, size_t size_bytes, GError **error)
{
    /* fails only when memory is out */
    if (EVP_DigestUpdate(sink->digest, data, size_bytes) != 1)
        g_error("cannot update a file's digest");
    if (sink->writer != NULL)
        return store_writer_append(sink->writer, data, size_bytes, error);
    g_byte_array_append(sink->array, data, (guint)size_bytes);
    return true;
}

static bool read_data(Sink *sink, struct archive *cpio, GError **error)
{
    uint64_t position = 0;
    for (;;) {
        const void *data = NULL;
        size_t n = 0;
        la_int64_t offset = 0;
        int status = archive_read_data_block(cpio, &data, &n, &offset);
        if (status == ARCHIVE_EOF)
            break;
        if (status != ARCHIVE_OK)
            return set_invalid(error, sink->path, archive_error_string(cpio));
        /* cpio has no holes */
        if ((uint64_t)offset != position || n > sink->size_bytes - position)
            return set_invalid(error, sink->path, "more data than the header says");
        if (!take(sink, data, n, error))
            return false;
        position += n;
    }
    return position == sink->size_bytes ||
           set_invalid(error, sink->path, "less data than the header says");
}

static bool start_digest(const PackagesRpmPayload *self, unsigned index, Sink *sink, GError **error)
{
    static const struct {
        int algorithm;
        size_t size_bytes;
        const EVP_MD *(*type)(void);
    } types[] = {
        {PGPHASHALGO_MD5, 16, EVP_md5},       {PGPHASHALGO_SHA1, 20, EVP_sha1},
        {PGPHASHALGO_SHA256, 32, EVP_sha256}, {PGPHASHALGO_SHA384, 48, EVP_sha384},
        {PGPHASHALGO_SHA512, 64, EVP_sha512},
    };
    int algorithm = 0;
    size_t n = 0;
    if (rpmfilesFDigest(self->files, (int)index, &algorithm, &n) == NULL || n == 0)
        return set_invalid(error, sink->path, "the header has no digest of it");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (types[i].algorithm == algorithm && types[i].size_bytes == n) {
            sink->digest = EVP_MD_CTX_new();
            return EVP_DigestInit_ex(sink->digest, types[i].type(), NULL) == 1 ||
                   set_invalid(error, sink->path, "a kind of digest that this machine refuses");
        }
    return set_invalid(error, sink->path, "the header has a digest of an unknown kind");
}

static bool check_digest(const PackagesRpmPayload *self, unsigned index, Sink *sink, GError **error)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size_bytes = 0;
    if (EVP_DigestFinal_ex(sink->digest, digest, &size_bytes) != 1)
        g_error("cannot finish a file's digest");
    size_t n = 0;
    const uint8_t *wanted = rpmfilesFDigest(self->files, (int)index, NULL, &n);
    return (wanted != NULL && n == size_bytes && memcmp(wanted, digest, n) == 0) ||
           set_invalid(error, sink->path, "its contents do not have the digest in the header");
}

static bool store_small(const PackagesRpmPayload *self, unsigned index, struct archive *cpio,
                        Sink *sink, StoreNode *node, GError **error)
{
    g_autoptr(GByteArray) array = g_byte_array_sized_new((guint)sink->size_bytes);
    sink->array = array;
    if (!read_data(sink, cpio, error) || !check_digest(self, index, sink, error))
        return false;
    g_autoptr(GBytes) contents = g_byte_array_free_to_bytes(g_steal_pointer(&array));
    return store_put_file(self->repo_fd, &node->meta, contents, node->checksum, error);
}

static bool store_large(const PackagesRpmPayload *self, unsigned index, struct archive *cpio,
                        Sink *sink, StoreNode *node, GError **error)
{
    g_autoptr(StoreWriter) writer = store_writer_new(self->repo_fd, &node->meta, error);
    sink->writer = writer;
    return writer != NULL && read_data(sink, cpio, error) &&
           check_digest(self, index, sink, error) &&
           store_writer_finish(writer, node->checksum, error);
}

/* Of hard links the last one in the stream has the data; the header says which belong together. */
static bool put_links(PackagesRpmPayload *self, unsigned index, StoreNode *node, GError **error)
{
    const int *links = NULL;
    uint32_t n = rpmfilesFLinks(self->files, (int)index, &links);
    for (uint32_t i = 0; n > 1 && i < n; i++) {
        unsigned other = (unsigned)links[i];
        if (other == index || other >= self->n_files || is_ghost(self, other))
            continue;
        if (rpmfilesFSize(self->files, (int)other) != node->size_bytes ||
            (rpmfilesFMode(self->files, (int)other) & (S_IFMT | 07777)) != node->meta.mode)
            return set_invalid(error, rpmfilesBN(self->files, (int)other),
                               "a hard link that differs from its file");
        if (self->nodes[other] == NULL)
            self->nodes[other] = store_node_copy(node);
    }
    self->nodes[index] = store_node_copy(node);
    return true;
}

static bool read_file(PackagesRpmPayload *self, unsigned index, struct archive *cpio,
                      struct archive_entry *entry, const char *path, GError **error)
{
    g_autoptr(StoreNode) node = new_node(self, index, path, error);
    if (node == NULL)
        return false;
    bool is_link = rpmfilesFNlink(self->files, (int)index) > 1;
    if (is_link && archive_entry_size(entry) == 0 && node->size_bytes > 0)
        return true;
    g_auto(Sink) sink = {.path = path, .size_bytes = node->size_bytes};
    if (!start_digest(self, index, &sink, error))
        return false;
    bool ok = node->size_bytes <= SMALL_MAX_BYTES
                  ? store_small(self, index, cpio, &sink, node, error)
                  : store_large(self, index, cpio, &sink, node, error);
    if (ok && is_link)
        return put_links(self, index, node, error);
    if (ok)
        self->nodes[index] = g_steal_pointer(&node);
    return ok;
}

static bool read_link(PackagesRpmPayload *self, unsigned index, struct archive_entry *entry,
                      const char *path, GError **error)
{
    const char *target = rpmfilesFLink(self->files, (int)index);
    const char *stated = archive_entry_symlink(entry);
    if (target == NULL || *target == '\0' || stated == NULL || strcmp(stated, target) != 0)
        return set_invalid(error, path, "a symbolic link to elsewhere than the header says");
    if (strlen(target) > TARGET_MAX_BYTES)
        return set_invalid(error, path, "a link's target that is too long");
    if (!g_utf8_validate(target, -1, NULL))
        return set_invalid(error, path, "a link's target that is not UTF-8");
    g_autoptr(StoreNode) node = new_node(self, index, path, error);
    if (node == NULL)
        return false;
    node->meta.mode = S_IFLNK | 0777;
    node->target = g_strdup(target);
    if (!store_put_symlink(self->repo_fd, &node->meta, target, node->checksum, error))
        return false;
    self->nodes[index] = g_steal_pointer(&node);
    return true;
}

static bool read_entry(PackagesRpmPayload *self, struct archive *cpio, struct archive_entry *entry,
                       GError **error)
{
    const char *name = archive_entry_pathname(entry);
    g_autofree char *path = name != NULL ? packages_payload_normalize(name) : NULL;
    if (path == NULL)
        return set_invalid(error, name != NULL ? name : "?",
                           "a path that leaves the root or is too long");
    unsigned found = GPOINTER_TO_UINT(g_hash_table_lookup(self->by_path, path));
    if (found == 0 || is_ghost(self, found - 1))
        return set_invalid(error, path, "the header does not have it");
    unsigned index = found - 1;
    mode_t mode = rpmfilesFMode(self->files, (int)index);
    if ((archive_entry_filetype(entry) & S_IFMT) != (mode & S_IFMT))
        return set_invalid(error, path, "of another type than the header says");
    if (self->nodes[index] != NULL)
        return set_invalid(error, path, "a second time");
    if (S_ISDIR(mode)) {
        self->nodes[index] = store_node_new_dir(mode & 07777);
        return true;
    }
    return S_ISLNK(mode) ? read_link(self, index, entry, path, error)
                         : read_file(self, index, cpio, entry, path, error);
}

bool packages_rpm_payload_read(PackagesRpmPayload *self, struct archive *cpio, GError **error)
{
    for (unsigned count = 0;; count++) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(cpio, &entry);
        if (status == ARCHIVE_EOF)
            return true;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
            const char *reason = archive_error_string(cpio);
            return set_invalid(error, "payload", reason != NULL ? reason : "unreadable");
        }
        if (count == FILES_MAX)
            return set_invalid(error, "payload", "more than a million entries");
        if (!read_entry(self, cpio, entry, error))
            return false;
    }
}

/* --- the tree --- */

static bool check_parents(StoreNode *root, const char *path, GError **error)
{
    for (const char *slash = path; (slash = strchr(slash, '/')) != NULL; slash++) {
        g_autofree char *parent = g_strndup(path, (gsize)(slash - path));
        const StoreNode *node = store_node_find(root, parent);
        if (node == NULL)
            return true;
        if (!store_node_is_dir(node))
            return set_invalid(error, path, "it lies below what is no directory");
    }
    return true;
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool put_node(PackagesRpmPayload *self, StoreNode *root, const char *path, GError **error)
{
    unsigned index = GPOINTER_TO_UINT(g_hash_table_lookup(self->by_path, path)) - 1;
    if (is_ghost(self, index))
        return true;
    StoreNode *node = self->nodes[index];
    if (node == NULL)
        return set_invalid(error, path, "the header has it, but the payload has not");
    if (!check_parents(root, path, error))
        return false;
    if (store_node_is_dir(node)) {
        store_node_make_dirs(root, path)->meta.mode = node->meta.mode;
        return true;
    }
    store_node_put(root, path, node);
    self->nodes[index] = NULL;
    return true;
}

StoreNode *packages_rpm_payload_finish(PackagesRpmPayload *self, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    g_autoptr(StoreNode) root = store_node_new_dir(0755);
    GHashTableIter iter;
    void *path = NULL;
    g_hash_table_iter_init(&iter, self->by_path);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        g_ptr_array_add(paths, path);
    /* parents come first in this order */
    g_ptr_array_sort(paths, compare_paths);
    for (guint i = 0; i < paths->len; i++)
        if (!put_node(self, root, paths->pdata[i], error))
            return NULL;
    return g_steal_pointer(&root);
}
