/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the build repo (bare-user) to the published one (archive): each content object
 * becomes a .filez, a header and a raw deflate stream.
 */
#include "store/export.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "store/loose.h"
#include "store/sizes.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* On the wire no larger than zlib's default level, which ‘ostree commit’ uses: libdeflate's level
 * of the same number takes a fifth more time for half a percent less. */
#define DEFLATE_LEVEL 5
#define ZLIB_LEVEL 6
/* libdeflate wants a file whole; a larger one goes through zlib piece by piece */
#define WHOLE_MAX_BYTES (96 * 1024 * 1024)
#define STREAM_CHUNK_BYTES (1024 * 1024)
/* largest files come first: a buffer for those would be held for nothing */
#define BUFFER_KEPT_BYTES (8 * 1024 * 1024)

/* What a thread has for itself. */
typedef struct {
    struct libdeflate_compressor *compressor; /* owned */
    void *buffer;                             /* owned: for what files come to */
    size_t buffer_bytes;
} Worker;

typedef struct {
    int build_fd;
    int published_fd;
    GPtrArray *nodes; /* owned; elements borrowed, largest first */
    Worker *workers;  /* owned */
    const BaseProgress *progress;
    GMutex mutex;
    StoreExportStats stats;
    uint64_t bytes_total;
    uint64_t bytes_done;
} Export;

static void collect(const char *path, StoreNode *node, void *user_data)
{
    (void)path;
    if (!store_node_is_dir(node))
        g_hash_table_add(user_data, node);
}

static guint hash_node(const void *key)
{
    uint32_t value = 0;
    memcpy(&value, ((const StoreNode *)key)->checksum, sizeof value);
    return value;
}

static gboolean same_object(const void *a, const void *b)
{
    return memcmp(((const StoreNode *)a)->checksum, ((const StoreNode *)b)->checksum,
                  BASE_SHA256_BYTES) == 0;
}

static int compare_size(const void *a, const void *b)
{
    const StoreNode *left = *(StoreNode *const *)a, *right = *(StoreNode *const *)b;
    return (left->size_bytes < right->size_bytes) - (left->size_bytes > right->size_bytes);
}

static bool is_exported(int published_fd, const StoreNode *node)
{
    char path[96];
    struct stat st;
    store_object_path(node->checksum, "filez", path);
    return fstatat(published_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}

static bool put_filez(const Export *export, const StoreNode *node, GBytes *header, GBytes *body,
                      GError **error)
{
    char path[96];
    store_object_path(node->checksum, "filez", path);
    GBytes *parts[] = {header, body};
    return store_put_raw(export->published_fd, path, parts, body != NULL ? 2 : 1, error);
}

/* Fresh memory for each file would be pages that the kernel clears, and few of them get filled. */
static void *get_buffer(Worker *worker, size_t size_bytes)
{
    if (worker->buffer_bytes < size_bytes || worker->buffer_bytes > BUFFER_KEPT_BYTES) {
        g_free(worker->buffer);
        worker->buffer = g_malloc(size_bytes);
        worker->buffer_bytes = size_bytes;
    }
    return worker->buffer;
}

/* Returns: good until the worker's next file. */
static GBytes *deflate_whole(Worker *worker, GBytes *contents)
{
    size_t size_bytes = 0;
    const void *data = g_bytes_get_data(contents, &size_bytes);
    size_t bound = libdeflate_deflate_compress_bound(worker->compressor, size_bytes);
    void *buffer = get_buffer(worker, bound);
    size_t n = libdeflate_deflate_compress(worker->compressor, data, size_bytes, buffer, bound);
    return g_bytes_new_static(buffer, n);
}

static bool deflate_chunk(z_stream *stream, int flush, GByteArray *out)
{
    g_autofree uint8_t *buffer = g_malloc(STREAM_CHUNK_BYTES);
    do {
        stream->next_out = buffer;
        stream->avail_out = STREAM_CHUNK_BYTES;
        if (deflate(stream, flush) == Z_STREAM_ERROR)
            return false;
        g_byte_array_append(out, buffer, STREAM_CHUNK_BYTES - stream->avail_out);
    } while (stream->avail_out == 0);
    return true;
}

static GBytes *deflate_streaming(int fd, GError **error)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, ZLIB_LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return base_error_set(error, BASE_ERROR_FAILED, "cannot start zlib"), NULL;
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree uint8_t *buffer = g_malloc(STREAM_CHUNK_BYTES);
    bool ok = true;
    ssize_t n = 0;
    do {
        n = read(fd, buffer, STREAM_CHUNK_BYTES);
        if (n < 0) {
            ok = base_error_set_errno(error, errno, "reading an object");
            break;
        }
        stream.next_in = buffer;
        stream.avail_in = (uInt)n;
        ok = deflate_chunk(&stream, n == 0 ? Z_FINISH : Z_NO_FLUSH, out);
    } while (ok && n > 0);
    deflateEnd(&stream);
    return ok ? g_byte_array_free_to_bytes(g_steal_pointer(&out)) : NULL;
}

static GBytes *load_deflated(const Export *export, const StoreNode *node, unsigned worker,
                             GError **error)
{
    char path[96];
    store_object_path(node->checksum, "file", path);
    if (node->size_bytes > WHOLE_MAX_BYTES) {
        base_autofd fd = openat(export->build_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return base_error_set_errno(error, errno, "opening object ‘%s’", path), NULL;
        return deflate_streaming(fd, error);
    }
    g_autoptr(GBytes) contents = base_fd_read_file(export->build_fd, path, WHOLE_MAX_BYTES, error);
    if (contents == NULL)
        return NULL;
    if (g_bytes_get_size(contents) != node->size_bytes) {
        g_set_error(error, STORE_ERROR, STORE_ERROR_CORRUPT, "object ‘%s’ is truncated", path);
        return NULL;
    }
    return deflate_whole(&export->workers[worker], contents);
}

static void account(Export *export, const StoreNode *node, size_t bytes_out)
{
    g_mutex_lock(&export->mutex);
    export->stats.objects++;
    export->stats.bytes_in += node->size_bytes;
    export->stats.bytes_out += bytes_out;
    export->bytes_done += node->size_bytes;
    uint64_t done = export->bytes_done;
    g_mutex_unlock(&export->mutex);
    base_progress_update(export->progress, done, export->bytes_total, "bytes");
}

static bool export_one(size_t index, unsigned worker, void *user_data, GError **error)
{
    Export *export = user_data;
    const StoreNode *node = export->nodes->pdata[index];
    bool link = S_ISLNK(node->meta.mode);
    g_autoptr(GBytes) header =
        store_object_archive_header(&node->meta, node->target, link ? 0 : node->size_bytes);
    g_autoptr(GBytes) body = NULL;
    if (!link) {
        body = load_deflated(export, node, worker, error);
        if (body == NULL)
            return false;
    }
    if (!put_filez(export, node, header, body, error))
        return false;
    account(export, node, g_bytes_get_size(header) + (body != NULL ? g_bytes_get_size(body) : 0));
    return true;
}

static void find_missing(Export *export, StoreNode *root)
{
    g_autoptr(GHashTable) unique = g_hash_table_new(hash_node, same_object);
    store_tree_visit(root, collect, unique);
    export->nodes = g_ptr_array_new();
    GHashTableIter iter;
    void *node = NULL;
    g_hash_table_iter_init(&iter, unique);
    while (g_hash_table_iter_next(&iter, &node, NULL)) {
        if (is_exported(export->published_fd, node))
            continue;
        g_ptr_array_add(export->nodes, node);
        export->bytes_total += ((StoreNode *)node)->size_bytes;
    }
    g_ptr_array_sort(export->nodes, compare_size);
}

bool store_export_files(const StoreExport *self, StoreNode *root, StoreExportStats *out_stats,
                        GCancellable *cancellable, GError **error)
{
    Export export = {
        .build_fd = self->build_fd, .published_fd = self->published_fd, .progress = self->progress};
    g_mutex_init(&export.mutex);
    find_missing(&export, root);
    unsigned n_workers = self->n_workers != 0 ? self->n_workers : base_parallel_workers();
    export.workers = g_new0(Worker, n_workers);
    for (unsigned i = 0; i < n_workers; i++)
        export.workers[i].compressor = libdeflate_alloc_compressor(DEFLATE_LEVEL);
    bool ok =
        base_parallel_for(export.nodes->len, n_workers, export_one, &export, cancellable, error);
    for (unsigned i = 0; i < n_workers; i++) {
        libdeflate_free_compressor(export.workers[i].compressor);
        g_free(export.workers[i].buffer);
    }
    g_free(export.workers);
    g_ptr_array_unref(export.nodes);
    g_mutex_clear(&export.mutex);
    if (ok && out_stats != NULL)
        *out_stats = export.stats;
    return ok;
}

/* The sizes last: they are of the published objects. */
static bool write_detached(const Store *store, const char *commit, StoreNode *root,
                           GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) old = NULL;
    g_autoptr(GVariant) sizes = store_sizes(store_get_published_fd(store), root, error);
    if (sizes == NULL || !ostree_repo_read_commit_detached_metadata(
                             store_get_build_repo(store), commit, &old, cancellable, error))
        return false;
    g_autoptr(GVariantDict) dict = g_variant_dict_new(old);
    g_variant_dict_insert_value(dict, STORE_SIZES_KEY, sizes);
    g_autoptr(GVariant) detached = g_variant_ref_sink(g_variant_dict_end(dict));
    return ostree_repo_write_commit_detached_metadata(store_get_published_repo(store), commit,
                                                      detached, cancellable, error);
}

bool store_export_commit(const Store *store, const char *commit, StoreNode *root, const char *ref,
                         GCancellable *cancellable, GError **error)
{
    OstreeRepo *build = store_get_build_repo(store);
    OstreeRepo *published = store_get_published_repo(store);
    int published_fd = store_get_published_fd(store);
    uint8_t ignored_tree[BASE_SHA256_BYTES], ignored_meta[BASE_SHA256_BYTES];
    uint8_t ignored_commit[BASE_SHA256_BYTES];
    g_autoptr(GVariant) object = NULL;
    if (!ostree_repo_load_variant(build, OSTREE_OBJECT_TYPE_COMMIT, commit, &object, error) ||
        !store_tree_write(root, published_fd, ignored_tree, ignored_meta, error) ||
        !write_detached(store, commit, root, cancellable, error) ||
        !store_put_metadata(published_fd, "commit", object, ignored_commit, error))
        return false;
    if (syncfs(published_fd) != 0 || syncfs(store_get_build_fd(store)) != 0)
        return base_error_set_errno(error, errno, "syncing ‘%s’", store_get_dir(store));
    return ostree_repo_set_ref_immediate(published, NULL, ref, commit, cancellable, error) &&
           ostree_repo_set_ref_immediate(build, NULL, ref, commit, cancellable, error) &&
           ostree_repo_regenerate_summary(published, NULL, cancellable, error);
}
