/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SHA-1 and SHA-256 of files' contents, each object read for them once in the life of a state
 * directory.
 */
#include "tree/digests.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "atoll digests 1\n"
#define MAGIC_BYTES 16
#define FILE_MAX_BYTES (256u << 20)
/* what is remembered beyond what one tree has */
#define SPARE_RECORDS 262144

/* As it lies in the file: after MAGIC, sorted by checksum; SHA-256 of all of it at the end. */
typedef struct {
    uint8_t checksum[BASE_SHA256_BYTES]; /* 0 */
    TreeDigest digest;                   /* 32 */
} Record;
G_STATIC_ASSERT(sizeof(Record) == 84);

struct _TreeDigests {
    int dir_fd;
    char *path;        /* nullable */
    GBytes *file;      /* owned, nullable */
    const Record *old; /* in @file */
    size_t n_old;
    Record *fresh; /* owned, sorted */
    size_t n_fresh;
    size_t n_saved; /* of @fresh, when it was last saved */
};

typedef struct {
    int repo_fd;
    GPtrArray *nodes; /* borrowed nodes */
    Record *records;  /* borrowed, one a node */
} Work;

static void load(TreeDigests *self)
{
    g_autoptr(GBytes) file = base_fd_read_file(self->dir_fd, self->path, FILE_MAX_BYTES, NULL);
    size_t n = 0;
    const uint8_t *data = file != NULL ? g_bytes_get_data(file, &n) : NULL;
    if (n < MAGIC_BYTES + BASE_SHA256_BYTES || memcmp(data, MAGIC, MAGIC_BYTES) != 0 ||
        (n - MAGIC_BYTES - BASE_SHA256_BYTES) % sizeof(Record) != 0)
        return;
    uint8_t digest[BASE_SHA256_BYTES];
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    base_sha256_update(sha256, data, n - BASE_SHA256_BYTES);
    base_sha256_finish(sha256, digest);
    if (memcmp(digest, data + n - BASE_SHA256_BYTES, BASE_SHA256_BYTES) != 0)
        return;
    self->old = (const Record *)(data + MAGIC_BYTES);
    self->n_old = (n - MAGIC_BYTES - BASE_SHA256_BYTES) / sizeof(Record);
    self->file = g_steal_pointer(&file);
}

TreeDigests *tree_digests_open(int dir_fd, const char *path)
{
    TreeDigests *self = g_new0(TreeDigests, 1);
    self->dir_fd = dir_fd;
    self->path = g_strdup(path);
    if (path != NULL)
        load(self);
    return self;
}

void tree_digests_free(TreeDigests *self)
{
    if (self == NULL)
        return;
    g_free(self->path);
    g_clear_pointer(&self->file, g_bytes_unref);
    g_free(self->fresh);
    g_free(self);
}

static int compare_records(const void *a, const void *b)
{
    return memcmp(a, b, BASE_SHA256_BYTES);
}

const TreeDigest *tree_digests_find(const TreeDigests *self,
                                    const uint8_t checksum[static BASE_SHA256_BYTES])
{
    const Record *found = NULL;
    if (self->n_old > 0)
        found = bsearch(checksum, self->old, self->n_old, sizeof(Record), compare_records);
    if (found == NULL && self->n_fresh > 0)
        found = bsearch(checksum, self->fresh, self->n_fresh, sizeof(Record), compare_records);
    return found != NULL ? &found->digest : NULL;
}

static unsigned hash_node(const void *data)
{
    unsigned hash = 0;
    memcpy(&hash, ((const StoreNode *)data)->checksum, sizeof hash);
    return hash;
}

static gboolean same_object(const void *a, const void *b)
{
    return memcmp(((const StoreNode *)a)->checksum, ((const StoreNode *)b)->checksum,
                  BASE_SHA256_BYTES) == 0;
}

typedef struct {
    const TreeDigests *digests;
    GHashTable *unique; /* borrowed */
} Collect;

static void collect(const char *path, StoreNode *node, void *user_data)
{
    (void)path;
    Collect *self = user_data;
    if (S_ISREG(node->meta.mode) && tree_digests_find(self->digests, node->checksum) == NULL)
        (void)g_hash_table_add(self->unique, node);
}

static int compare_size(const void *a, const void *b)
{
    const StoreNode *left = *(StoreNode *const *)a;
    const StoreNode *right = *(StoreNode *const *)b;
    return (left->size_bytes < right->size_bytes) - (left->size_bytes > right->size_bytes);
}

static bool digest_one(size_t index, unsigned worker, void *user_data, GError **error)
{
    (void)worker;
    const Work *work = user_data;
    const StoreNode *node = work->nodes->pdata[index];
    Record *record = &work->records[index];
    char path[96];
    store_object_path(node->checksum, "file", path);
    base_autofd fd = openat(work->repo_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return base_error_set_errno(error, errno, "opening ‘%s’", path);
    memcpy(record->checksum, node->checksum, BASE_SHA256_BYTES);
    if (base_digest_both_of_fd(fd, record->digest.sha1, record->digest.sha256, error))
        return true;
    g_prefix_error(error, "‘%s’: ", path);
    return false;
}

bool tree_digests_add(TreeDigests *self, int repo_fd, StoreNode *root, unsigned n_workers,
                      GCancellable *cancellable, GError **error)
{
    g_autoptr(GHashTable) unique = g_hash_table_new(hash_node, same_object);
    Collect into = {.digests = self, .unique = unique};
    store_tree_visit(root, collect, &into);
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    GHashTableIter iter;
    void *node = NULL;
    g_hash_table_iter_init(&iter, unique);
    while (g_hash_table_iter_next(&iter, &node, NULL))
        g_ptr_array_add(nodes, node);
    g_ptr_array_sort(nodes, compare_size);
    g_autofree Record *records = g_new0(Record, nodes->len + 1);
    Work work = {.repo_fd = repo_fd, .nodes = nodes, .records = records};
    if (!base_parallel_for(nodes->len, n_workers, digest_one, &work, cancellable, error))
        return false;
    if (nodes->len == 0)
        return true;
    self->fresh = g_renew(Record, self->fresh, self->n_fresh + nodes->len);
    memcpy(self->fresh + self->n_fresh, records, nodes->len * sizeof(Record));
    self->n_fresh += nodes->len;
    qsort(self->fresh, self->n_fresh, sizeof(Record), compare_records);
    return true;
}

bool tree_digests_save(TreeDigests *self, GError **error)
{
    if (self->path == NULL || self->n_fresh == self->n_saved)
        return true;
    size_t n_old = self->n_old > SPARE_RECORDS ? 0 : self->n_old;
    g_autoptr(GByteArray) out =
        g_byte_array_sized_new((guint)(MAGIC_BYTES + (n_old + self->n_fresh) * sizeof(Record)));
    g_byte_array_append(out, (const uint8_t *)MAGIC, MAGIC_BYTES);
    for (size_t i = 0, j = 0; i < n_old || j < self->n_fresh;) {
        bool take_old = j == self->n_fresh ||
                        (i < n_old && compare_records(&self->old[i], &self->fresh[j]) < 0);
        const Record *next = take_old ? &self->old[i++] : &self->fresh[j++];
        g_byte_array_append(out, (const uint8_t *)next, sizeof *next);
    }
    uint8_t digest[BASE_SHA256_BYTES];
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    base_sha256_update(sha256, out->data, out->len);
    base_sha256_finish(sha256, digest);
    g_byte_array_append(out, digest, sizeof digest);
    self->n_saved = self->n_fresh;
    /* lost, it is only made again; half of one is seen by its digest */
    return base_fd_replace_file(self->dir_fd, self->path, out->data, out->len, 0644,
                                BASE_FD_REPLACE_NO_SYNC, error);
}
