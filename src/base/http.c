/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fetches many files over few connections: which transfer starts when, the libcurl multi
 * loop, progress and cancelling. What happens to one file is base/http-transfer.c's.
 */
#include "base/http.h"

#include "base/error.h"
#include "base/http-transfer.h"

#define MAX_RUNNING 32
#define MAX_CONNECTIONS 16L
#define MAX_CONNECTIONS_PER_HOST 6L
#define POLL_MS 1000
#define PROGRESS_INTERVAL_US (G_USEC_PER_SEC / 10)

typedef struct {
    CURLM *multi;
    BaseHttpTransfer *transfers;
    size_t n_transfers;
    size_t n_running;
    size_t n_done;
    uint64_t total_bytes;
    int64_t progress_at_us;
    const BaseProgress *progress;
} Batch;

static gpointer init_curl(gpointer unused)
{
    return GINT_TO_POINTER(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static void batch_init(Batch *self, BaseHttpItem *items, size_t n_items,
                       const BaseProgress *progress)
{
    static GOnce once = G_ONCE_INIT;
    g_assert(g_once(&once, init_curl, NULL));
    *self = (Batch){.n_transfers = n_items, .progress = progress};
    self->multi = curl_multi_init();
    g_assert(self->multi != NULL);
    curl_multi_setopt(self->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, MAX_CONNECTIONS);
    curl_multi_setopt(self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_CONNECTIONS_PER_HOST);
    curl_multi_setopt(self->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    self->transfers = g_new0(BaseHttpTransfer, n_items);
    for (size_t i = 0; i < n_items; i++) {
        base_http_transfer_init(&self->transfers[i], &items[i]);
        self->total_bytes += items[i].size_bytes;
    }
}

static void batch_clear(Batch *self)
{
    for (size_t i = 0; i < self->n_transfers; i++) {
        if (self->transfers[i].easy != NULL)
            curl_multi_remove_handle(self->multi, self->transfers[i].easy);
        base_http_transfer_clear(&self->transfers[i]);
    }
    g_free(self->transfers);
    curl_multi_cleanup(self->multi);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static bool start_one(Batch *self, BaseHttpTransfer *transfer, GError **error)
{
    if (!base_http_transfer_start(transfer, error)) {
        g_prefix_error(error, "fetching ‘%s’: ", transfer->item->url);
        return false;
    }
    if (transfer->state == BASE_HTTP_DONE) {
        self->n_done++;
        return true;
    }
    CURLMcode code = curl_multi_add_handle(self->multi, transfer->easy);
    if (code != CURLM_OK)
        return base_error_set(error, BASE_ERROR_FAILED, "starting a transfer: %s",
                              curl_multi_strerror(code));
    self->n_running++;
    return true;
}

static bool start_ready(Batch *self, GError **error)
{
    if (self->n_running + self->n_done == self->n_transfers)
        return true;
    int64_t now_us = g_get_monotonic_time();
    for (size_t i = 0; i < self->n_transfers && self->n_running < MAX_RUNNING; i++) {
        BaseHttpTransfer *transfer = &self->transfers[i];
        if (transfer->state == BASE_HTTP_WAITING && transfer->wait_until_us <= now_us &&
            !start_one(self, transfer, error))
            return false;
    }
    return true;
}

static bool end_one(Batch *self, CURL *easy, CURLcode result, GError **error)
{
    void *private = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    BaseHttpTransfer *transfer = private;
    g_assert(transfer != NULL);
    curl_multi_remove_handle(self->multi, easy);
    self->n_running--;
    if (!base_http_transfer_end_try(transfer, result, error)) {
        g_prefix_error(error, "fetching ‘%s’: ", transfer->item->url);
        return false;
    }
    if (transfer->state == BASE_HTTP_DONE)
        self->n_done++;
    return true;
}

static bool perform(Batch *self, GError **error)
{
    int n_running = 0;
    CURLMcode code = curl_multi_perform(self->multi, &n_running);
    if (code != CURLM_OK)
        return base_error_set(error, BASE_ERROR_FAILED, "running transfers: %s",
                              curl_multi_strerror(code));
    int n_left = 0;
    for (CURLMsg *message = curl_multi_info_read(self->multi, &n_left); message != NULL;
         message = curl_multi_info_read(self->multi, &n_left))
        if (message->msg == CURLMSG_DONE &&
            !end_one(self, message->easy_handle, message->data.result, error))
            return false;
    return true;
}

static void report(Batch *self)
{
    int64_t now_us = g_get_monotonic_time();
    bool at_end = self->n_done == self->n_transfers;
    if (!at_end && now_us < self->progress_at_us)
        return;
    self->progress_at_us = now_us + PROGRESS_INTERVAL_US;
    uint64_t done_bytes = 0;
    for (size_t i = 0; i < self->n_transfers; i++)
        done_bytes += self->transfers[i].at_bytes;
    base_progress_update(self->progress, done_bytes, self->total_bytes, "bytes");
}

/* How long nothing can happen but what the sockets say: until the next retry is due. */
static int poll_ms(const Batch *self)
{
    int64_t wait_us = POLL_MS * (int64_t)1000;
    if (self->n_running >= MAX_RUNNING)
        return POLL_MS;
    int64_t now_us = g_get_monotonic_time();
    for (size_t i = 0; i < self->n_transfers; i++)
        if (self->transfers[i].state == BASE_HTTP_WAITING)
            wait_us = MIN(wait_us, self->transfers[i].wait_until_us - now_us);
    return wait_us <= 0 ? 0 : (int)(wait_us / 1000) + 1;
}

static bool run_batch(Batch *self, struct curl_waitfd *cancel_fd, GCancellable *cancellable,
                      GError **error)
{
    while (self->n_done < self->n_transfers) {
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return false;
        if (!start_ready(self, error) || !perform(self, error))
            return false;
        report(self);
        if (self->n_done < self->n_transfers)
            curl_multi_poll(self->multi, cancel_fd, cancel_fd != NULL ? 1 : 0, poll_ms(self), NULL);
    }
    return true;
}

bool base_http_fetch_all(BaseHttpItem *items, size_t n_items, const BaseProgress *progress,
                         GCancellable *cancellable, GError **error)
{
    if (n_items == 0)
        return true;
    g_auto(Batch) batch;
    batch_init(&batch, items, n_items, progress);
    GPollFD poll_fd = {.fd = -1};
    bool can_poll = cancellable != NULL && g_cancellable_make_pollfd(cancellable, &poll_fd);
    struct curl_waitfd cancel_fd = {.fd = poll_fd.fd, .events = CURL_WAIT_POLLIN};
    bool ok = run_batch(&batch, can_poll ? &cancel_fd : NULL, cancellable, error);
    if (can_poll)
        g_cancellable_release_fd(cancellable);
    return ok;
}
