/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Walks a commit's tree over HTTP, from its root down, with many requests under way: libostree has
 * eight, so that on a line with any latency it mostly waits.
 */
#include "host/prefetch.h"

#include "base/http-curl.h"
#include "base/parallel.h"
#include "host/sizes.h"

#include <string.h>

/* requests under way at a time */
#define MAX_RUNNING 32u
/* a larger object is not held in memory; its bytes, not the latency, are what takes time */
#define MAX_OBJECT_BYTES (2u << 20)
/* what came and is not written yet, before more is asked for */
#define MAX_WAITING_BYTES (16u << 20)
/* what the list of sizes may be wrong by */
#define SLACK_BYTES 4096u
/* a server that is silent for so long is the pull's to wait for */
#define MAX_SILENCE_S 10L
#define MIN_RATE 100L
#define MAX_WRITERS 4u

typedef struct {
    OstreeObjectType type;
    char checksum[OSTREE_SHA256_STRING_LEN + 1];
} Object;

typedef struct {
    const HostPrefetch *what;
    OstreeRepo *repo; /* borrowed */
    char *url;
    const BaseHttpCurl *curl;
    CURLM *multi;
    GQueue *queue;     /* of Object, owned; what leads to more first */
    GHashTable *seen;  /* checksums that were in the queue */
    GHashTable *sizes; /* (nullable): checksum to bytes on the wire */
    GPtrArray *size_list;
    GHashTable *running; /* of Transfer, owned */
    GThreadPool *writers;
    uint64_t n_seen;
    uint64_t came_bytes;
    /* of the writers too */
    gint n_done;
    gint waiting_bytes;
    gint ended;
} Prefetch;

typedef struct {
    Prefetch *owner;
    Object object;
    CURL *easy;
    GByteArray *body;
    uint64_t max_bytes;
} Transfer;

typedef struct {
    Object object;
    GBytes *bytes;
} Write;

static void transfer_free(void *data)
{
    Transfer *self = data;
    if (self->easy != NULL) {
        (void)self->owner->curl->multi_remove_handle(self->owner->multi, self->easy);
        self->owner->curl->easy_cleanup(self->easy);
    }
    g_clear_pointer(&self->body, g_byte_array_unref);
    g_free(self);
}

static bool is_over(Prefetch *self)
{
    return g_atomic_int_get(&self->ended) != 0;
}

static void end(Prefetch *self, const char *why)
{
    if (g_atomic_int_compare_and_exchange(&self->ended, 0, 1))
        g_debug("fetching ahead ends: %s", why);
}

/* Remotes that need more than a URL are libostree's alone. */
static char *find_url(OstreeRepo *repo, const char *remote)
{
    static const char *const special[] = {
        "contenturl",          "metalink",       "proxy",
        "tls-permissive",      "tls-ca-path",    "tls-client-cert-path",
        "tls-client-key-path", "custom-backend", "unconfigured-state"};
    g_autofree char *url = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(special); i++) {
        g_autofree char *value = NULL;
        if (!ostree_repo_get_remote_option(repo, remote, special[i], NULL, &value, NULL) ||
            value != NULL)
            return NULL;
    }
    if (!ostree_repo_remote_get_url(repo, remote, &url, NULL) ||
        !(g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://")))
        return NULL;
    return g_steal_pointer(&url);
}

/* The largest that is fetched here of what @object should take; 0 when it is too large. */
static uint64_t find_max_bytes(const Prefetch *self, const Object *object)
{
    const OstreeCommitSizesEntry *entry =
        self->sizes != NULL ? g_hash_table_lookup(self->sizes, object->checksum) : NULL;
    if (entry == NULL)
        return MAX_OBJECT_BYTES;
    return entry->archived > MAX_OBJECT_BYTES ? 0 : entry->archived + SLACK_BYTES;
}

static void add(Prefetch *self, OstreeObjectType type, GVariant *checksum)
{
    gboolean have = FALSE;
    const guchar *bytes = ostree_checksum_bytes_peek(checksum);
    g_autofree Object *object = g_new(Object, 1);
    object->type = type;
    if (bytes == NULL)
        return;
    ostree_checksum_inplace_from_bytes(bytes, object->checksum);
    /* no two kinds of objects have one checksum */
    if (g_hash_table_contains(self->seen, object->checksum) ||
        !ostree_repo_has_object(self->repo, type, object->checksum, &have, NULL, NULL) || have)
        return;
    g_hash_table_add(self->seen, g_strdup(object->checksum));
    if (find_max_bytes(self, object) == 0)
        return;
    self->n_seen++;
    if (type == OSTREE_OBJECT_TYPE_FILE)
        g_queue_push_tail(self->queue, g_steal_pointer(&object));
    else
        g_queue_push_head(self->queue, g_steal_pointer(&object));
}

static void add_children(Prefetch *self, GVariant *dirtree)
{
    g_autoptr(GVariant) files = g_variant_get_child_value(dirtree, 0);
    g_autoptr(GVariant) dirs = g_variant_get_child_value(dirtree, 1);
    for (gsize i = 0; i < g_variant_n_children(files); i++) {
        g_autoptr(GVariant) checksum = NULL;
        g_variant_get_child(files, i, "(&s@ay)", NULL, &checksum);
        add(self, OSTREE_OBJECT_TYPE_FILE, checksum);
    }
    for (gsize i = 0; i < g_variant_n_children(dirs); i++) {
        g_autoptr(GVariant) tree = NULL;
        g_autoptr(GVariant) meta = NULL;
        g_variant_get_child(dirs, i, "(&s@ay@ay)", NULL, &tree, &meta);
        add(self, OSTREE_OBJECT_TYPE_DIR_TREE, tree);
        add(self, OSTREE_OBJECT_TYPE_DIR_META, meta);
    }
}

static bool write_metadata(Prefetch *self, const Object *object, GBytes *bytes, GError **error)
{
    bool is_tree = object->type == OSTREE_OBJECT_TYPE_DIR_TREE;
    g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new_from_bytes(
        is_tree ? OSTREE_TREE_GVARIANT_FORMAT : OSTREE_DIRMETA_GVARIANT_FORMAT, bytes, FALSE));
    g_autofree guchar *checksum = NULL;
    if (!(is_tree ? ostree_validate_structureof_dirtree(variant, error)
                  : ostree_validate_structureof_dirmeta(variant, error)) ||
        !ostree_repo_write_metadata(self->repo, object->type, object->checksum, variant, &checksum,
                                    NULL, error))
        return false;
    g_atomic_int_inc(&self->n_done);
    if (is_tree)
        add_children(self, variant);
    return true;
}

static bool write_content(Prefetch *self, const Write *job, GError **error)
{
    g_autoptr(GInputStream) packed = g_memory_input_stream_new_from_bytes(job->bytes);
    g_autoptr(GInputStream) content = NULL;
    g_autoptr(GInputStream) raw = NULL;
    g_autoptr(GFileInfo) info = NULL;
    g_autoptr(GVariant) attributes = NULL;
    g_autofree guchar *checksum = NULL;
    guint64 size_bytes = 0;
    return ostree_content_stream_parse(TRUE, packed, g_bytes_get_size(job->bytes), FALSE, &content,
                                       &info, &attributes, NULL, error) &&
           ostree_raw_file_to_content_stream(content, info, attributes, &raw, &size_bytes, NULL,
                                             error) &&
           ostree_repo_write_content(self->repo, job->object.checksum, raw, size_bytes, &checksum,
                                     NULL, error);
}

static void on_write(void *data, void *user_data)
{
    Write *job = data;
    Prefetch *self = user_data;
    g_autoptr(GError) error = NULL;
    if (is_over(self)) {
        /* what came before it ended is not lost work, but may be what cannot be written */
    } else if (write_content(self, job, &error)) {
        g_atomic_int_inc(&self->n_done);
    } else {
        end(self, error->message);
    }
    (void)g_atomic_int_add(&self->waiting_bytes, -(gint)g_bytes_get_size(job->bytes));
    g_bytes_unref(job->bytes);
    g_free(job);
    (void)self->curl->multi_wakeup(self->multi);
}

static size_t on_body(char *data, size_t size, size_t n, void *user_data)
{
    Transfer *self = user_data;
    size_t length = size * n;
    if (self->body->len + length > self->max_bytes)
        return 0;
    self->owner->came_bytes += length;
    g_byte_array_append(self->body, (const guint8 *)data, (guint)length);
    return length;
}

static void start(Prefetch *self, const Object *object)
{
    static const char *const suffixes[] = {[OSTREE_OBJECT_TYPE_FILE] = "filez",
                                           [OSTREE_OBJECT_TYPE_DIR_TREE] = "dirtree",
                                           [OSTREE_OBJECT_TYPE_DIR_META] = "dirmeta"};
    Transfer *transfer = g_new0(Transfer, 1);
    g_autofree char *url = g_strdup_printf("%s/objects/%.2s/%s.%s", self->url, object->checksum,
                                           object->checksum + 2, suffixes[object->type]);
    const BaseHttpCurl *curl = self->curl;
    CURL *easy = curl->easy_init();
    g_assert(easy != NULL);
    *transfer = (Transfer){.owner = self,
                           .object = *object,
                           .easy = easy,
                           .body = g_byte_array_new(),
                           .max_bytes = find_max_bytes(self, object)};
    long silence_s = MIN((long)self->what->sysroot->timeout_s, MAX_SILENCE_S);
    curl->easy_setopt(easy, CURLOPT_URL, url);
    curl->easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, "atoll/" ATOLL_VERSION);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl->easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, silence_s);
    curl->easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, silence_s);
    curl->easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, MIN_RATE);
    curl->easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->max_bytes);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    g_hash_table_add(self->running, transfer);
    if (curl->multi_add_handle(self->multi, easy) != CURLM_OK)
        end(self, "libcurl takes no more");
}

static void finish(Prefetch *self, Transfer *transfer, CURLcode result)
{
    g_autoptr(GError) error = NULL;
    if (result == CURLE_OK) {
        g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&transfer->body));
        if (transfer->object.type == OSTREE_OBJECT_TYPE_FILE) {
            Write *job = g_new(Write, 1);
            *job = (Write){.object = transfer->object, .bytes = g_bytes_ref(bytes)};
            (void)g_atomic_int_add(&self->waiting_bytes, (gint)g_bytes_get_size(bytes));
            (void)g_thread_pool_push(self->writers, job, NULL);
        } else if (!write_metadata(self, &transfer->object, bytes, &error)) {
            end(self, error->message);
        }
    } else if (result != CURLE_FILESIZE_EXCEEDED) {
        end(self, self->curl->easy_strerror(result));
    }
    (void)g_hash_table_remove(self->running, transfer);
}

static void perform(Prefetch *self)
{
    int n = 0;
    if (self->curl->multi_perform(self->multi, &n) != CURLM_OK)
        end(self, "libcurl fails");
    for (CURLMsg *message = self->curl->multi_info_read(self->multi, &n);
         message != NULL && !is_over(self);
         message = self->curl->multi_info_read(self->multi, &n)) {
        void *transfer = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        (void)self->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish(self, transfer, result);
    }
    if (self->came_bytes > self->what->max_bytes)
        end(self, "more than the commit can have");
}

static void start_some(Prefetch *self)
{
    while (!is_over(self) && g_hash_table_size(self->running) < MAX_RUNNING &&
           g_atomic_int_get(&self->waiting_bytes) < (gint)MAX_WAITING_BYTES &&
           !g_queue_is_empty(self->queue)) {
        g_autofree Object *object = g_queue_pop_head(self->queue);
        start(self, object);
    }
}

static void walk(Prefetch *self, GCancellable *cancellable)
{
    while (!is_over(self) &&
           (!g_queue_is_empty(self->queue) || g_hash_table_size(self->running) > 0)) {
        start_some(self);
        (void)self->curl->multi_poll(self->multi, NULL, 0, 1000, NULL);
        perform(self);
        base_progress_update(self->what->progress, (uint64_t)g_atomic_int_get(&self->n_done),
                             self->n_seen, "objects");
        if (g_cancellable_is_cancelled(cancellable))
            end(self, "cancelled");
    }
}

static void load_sizes(Prefetch *self)
{
    self->size_list = host_sizes_load(self->what->commit);
    if (self->size_list == NULL)
        return;
    self->sizes = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < self->size_list->len; i++) {
        OstreeCommitSizesEntry *entry = self->size_list->pdata[i];
        g_hash_table_insert(self->sizes, entry->checksum, entry);
    }
}

static void prefetch_clear(Prefetch *self)
{
    /* all that came is written, unless it has ended with an error */
    if (self->writers != NULL)
        g_thread_pool_free(self->writers, FALSE, TRUE);
    g_clear_pointer(&self->running, g_hash_table_unref);
    if (self->queue != NULL)
        g_queue_free_full(self->queue, g_free);
    g_clear_pointer(&self->seen, g_hash_table_unref);
    g_clear_pointer(&self->sizes, g_hash_table_unref);
    g_clear_pointer(&self->size_list, g_ptr_array_unref);
    if (self->multi != NULL)
        (void)self->curl->multi_cleanup(self->multi);
    g_free(self->url);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Prefetch, prefetch_clear)

void host_prefetch(const HostPrefetch *what, GCancellable *cancellable)
{
    g_auto(Prefetch) self = {.what = what, .repo = what->sysroot->repo};
    self.url = find_url(self.repo, what->remote);
    self.curl = self.url != NULL ? base_http_curl(NULL) : NULL;
    self.multi = self.curl != NULL ? self.curl->multi_init() : NULL;
    if (self.multi == NULL)
        return;
    self.curl->multi_setopt(self.multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MAX_RUNNING);
    self.curl->multi_setopt(self.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    self.queue = g_queue_new();
    self.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self.running = g_hash_table_new_full(NULL, NULL, transfer_free, NULL);
    unsigned n_writers = MIN(base_parallel_workers(), MAX_WRITERS);
    self.writers = g_thread_pool_new(on_write, &self, (gint)n_writers, FALSE, NULL);
    load_sizes(&self);
    g_autoptr(GVariant) tree = g_variant_get_child_value(what->commit->object, 6);
    g_autoptr(GVariant) meta = g_variant_get_child_value(what->commit->object, 7);
    add(&self, OSTREE_OBJECT_TYPE_DIR_TREE, tree);
    add(&self, OSTREE_OBJECT_TYPE_DIR_META, meta);
    walk(&self, cancellable);
}
