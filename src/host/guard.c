/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A thread beside a pull: it looks once a second at how many bytes have come.
 */
#include "host/guard.h"

#include "host/error.h"

#include <dirent.h>
#include <sys/socket.h>

#define HANG_UP_US (50 * 1000)

typedef enum { VERDICT_NONE, VERDICT_SILENT, VERDICT_ENDLESS } Verdict;

struct _HostGuard {
    unsigned timeout_s;
    uint64_t max_bytes;
    GCancellable *stop;
    GCancellable *outer; /* nullable */
    gulong outer_id;
    GThread *thread;
    GMutex mutex;
    GCond cond;
    bool is_done;
    uint64_t bytes;
    Verdict verdict;
};

static Verdict judge(const HostGuard *self, uint64_t window_bytes, int64_t window_us)
{
    if (self->max_bytes > 0 && self->bytes > self->max_bytes)
        return VERDICT_ENDLESS;
    if (window_us < (int64_t)self->timeout_s * G_USEC_PER_SEC)
        return VERDICT_NONE;
    return window_bytes < (uint64_t)self->timeout_s * HOST_GUARD_MIN_RATE ? VERDICT_SILENT
                                                                          : VERDICT_NONE;
}

/* libostree does not look at its cancellable while libcurl waits for a byte; the connections are
 * what can be ended. This process has no others. */
static void hang_up(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry = NULL;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct sockaddr_storage peer = {0};
        socklen_t size = sizeof peer;
        guint64 fd = 0;
        if (g_ascii_string_to_unsigned(entry->d_name, 10, 0, G_MAXINT, &fd, NULL) &&
            getpeername((int)fd, (struct sockaddr *)&peer, &size) == 0 &&
            (peer.ss_family == AF_INET || peer.ss_family == AF_INET6))
            (void)shutdown((int)fd, SHUT_RDWR);
    }
    if (dir != NULL)
        closedir(dir);
}

static void *watch(void *data)
{
    HostGuard *self = data;
    int64_t begin_us = g_get_monotonic_time();
    uint64_t begin_bytes = 0;
    g_mutex_lock(&self->mutex);
    while (!self->is_done) {
        int64_t now_us = g_get_monotonic_time();
        if (self->verdict == VERDICT_NONE)
            self->verdict = judge(self, self->bytes - begin_bytes, now_us - begin_us);
        if (now_us - begin_us >= (int64_t)self->timeout_s * G_USEC_PER_SEC) {
            begin_us = now_us;
            begin_bytes = self->bytes;
        }
        bool ends = self->verdict != VERDICT_NONE || g_cancellable_is_cancelled(self->stop);
        g_mutex_unlock(&self->mutex);
        if (ends)
            hang_up(); /* and again: what is asked once more stalls once more */
        g_mutex_lock(&self->mutex);
        if (!self->is_done)
            (void)g_cond_wait_until(&self->cond, &self->mutex,
                                    now_us + (ends ? HANG_UP_US : G_USEC_PER_SEC));
    }
    g_mutex_unlock(&self->mutex);
    return NULL;
}

static void on_outer(GCancellable *cancellable, gpointer stop)
{
    (void)cancellable;
    g_cancellable_cancel(stop);
}

HostGuard *host_guard_new(unsigned timeout_s, uint64_t max_bytes, GCancellable *cancellable)
{
    HostGuard *self = g_new0(HostGuard, 1);
    self->timeout_s = timeout_s;
    self->max_bytes = max_bytes;
    self->stop = g_cancellable_new();
    g_mutex_init(&self->mutex);
    g_cond_init(&self->cond);
    if (cancellable != NULL) {
        self->outer = g_object_ref(cancellable);
        self->outer_id = g_cancellable_connect(cancellable, G_CALLBACK(on_outer),
                                               g_object_ref(self->stop), g_object_unref);
    }
    self->thread = g_thread_new("guard", watch, self);
    return self;
}

void host_guard_free(HostGuard *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->mutex);
    self->is_done = true;
    g_cond_signal(&self->cond);
    g_mutex_unlock(&self->mutex);
    (void)g_thread_join(self->thread);
    if (self->outer != NULL)
        g_cancellable_disconnect(self->outer, self->outer_id);
    g_clear_object(&self->outer);
    g_clear_object(&self->stop);
    g_cond_clear(&self->cond);
    g_mutex_clear(&self->mutex);
    g_free(self);
}

GCancellable *host_guard_cancellable(HostGuard *self)
{
    return self->stop;
}

void host_guard_note(HostGuard *self, OstreeAsyncProgress *progress)
{
    guint64 bytes = 0;
    ostree_async_progress_get(progress, "bytes-transferred", "t", &bytes, NULL);
    g_mutex_lock(&self->mutex);
    self->bytes = bytes;
    g_mutex_unlock(&self->mutex);
}

void host_guard_explain(HostGuard *self, GError **error)
{
    g_mutex_lock(&self->mutex);
    Verdict verdict = self->verdict;
    uint64_t bytes = self->bytes;
    g_mutex_unlock(&self->mutex);
    if (verdict == VERDICT_NONE || error == NULL)
        return;
    g_clear_error(error);
    g_autofree char *size = g_format_size(bytes);
    if (verdict == VERDICT_SILENT)
        host_error_set(error, HOST_ERROR_FAILED,
                       "the server sent less than %d bytes a second for %u seconds; what came (%s) "
                       "is kept, and the next try goes on from it",
                       HOST_GUARD_MIN_RATE, self->timeout_s, size);
    else
        host_error_set(error, HOST_ERROR_REFUSED,
                       "the server sent %s, which is more than the commit can have: given up",
                       size);
}
