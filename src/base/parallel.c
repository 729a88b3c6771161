/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A bounded parallel loop, and a queue: a few threads take indices off one counter.
 */
#include "base/parallel.h"

#include <sched.h>

typedef struct {
    size_t n_items;
    BaseParallelFunc func;
    void *user_data;
    GCancellable *cancellable;
    GMutex mutex;
    size_t next;
    unsigned next_worker;
    GError *error; /* owned: the first one */
} Loop;

unsigned base_parallel_workers(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return MAX(1u, (unsigned)CPU_COUNT(&set));
    return MAX(1u, g_get_num_processors());
}

static bool take(Loop *loop, size_t *out_index)
{
    g_mutex_lock(&loop->mutex);
    if (loop->error == NULL)
        (void)g_cancellable_set_error_if_cancelled(loop->cancellable, &loop->error);
    bool ok = loop->error == NULL && loop->next < loop->n_items;
    if (ok)
        *out_index = loop->next++;
    g_mutex_unlock(&loop->mutex);
    return ok;
}

static void fail(Loop *loop, GError *error)
{
    g_mutex_lock(&loop->mutex);
    if (loop->error == NULL)
        loop->error = g_steal_pointer(&error);
    g_mutex_unlock(&loop->mutex);
    g_clear_error(&error);
}

static void *work(void *data)
{
    Loop *loop = data;
    g_mutex_lock(&loop->mutex);
    unsigned worker = loop->next_worker++;
    g_mutex_unlock(&loop->mutex);
    size_t index = 0;
    while (take(loop, &index)) {
        GError *error = NULL;
        if (!loop->func(index, worker, loop->user_data, &error))
            fail(loop, error);
    }
    return NULL;
}

bool base_parallel_for(size_t n_items, unsigned n_workers, BaseParallelFunc func, void *user_data,
                       GCancellable *cancellable, GError **error)
{
    Loop loop = {
        .n_items = n_items, .func = func, .user_data = user_data, .cancellable = cancellable};
    g_mutex_init(&loop.mutex);
    if (n_workers == 0)
        n_workers = base_parallel_workers();
    n_workers = (unsigned)MIN((size_t)n_workers, MAX(n_items, 1));
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    for (unsigned i = 1; i < n_workers; i++)
        g_ptr_array_add(threads, g_thread_new("worker", work, &loop));
    (void)work(&loop);
    for (guint i = 0; i < threads->len; i++)
        (void)g_thread_join(threads->pdata[i]);
    g_mutex_clear(&loop.mutex);
    if (loop.error != NULL) {
        g_propagate_error(error, loop.error);
        return false;
    }
    return true;
}

struct _BaseParallelQueue {
    BaseParallelWork func;
    void *user_data;
    GMutex mutex;
    GCond cond; /* an item is ready or done, or all is to end */
    size_t n_ready;
    size_t next;
    size_t max_items;
    bool *done;
    bool ending;
    GPtrArray *threads;
};

/* Takes the next item and works on it; the lock is held before and after. */
static void work_on_next(BaseParallelQueue *self)
{
    size_t index = self->next++;
    g_mutex_unlock(&self->mutex);
    self->func(index, self->user_data);
    g_mutex_lock(&self->mutex);
    self->done[index] = true;
    g_cond_broadcast(&self->cond);
}

static void *serve_queue(void *data)
{
    BaseParallelQueue *self = data;
    g_mutex_lock(&self->mutex);
    while (!self->ending) {
        if (self->next < self->n_ready)
            work_on_next(self);
        else
            g_cond_wait(&self->cond, &self->mutex);
    }
    g_mutex_unlock(&self->mutex);
    return NULL;
}

BaseParallelQueue *base_parallel_queue_new(unsigned n_workers, size_t max_items,
                                           BaseParallelWork func, void *user_data)
{
    BaseParallelQueue *self = g_new0(BaseParallelQueue, 1);
    self->func = func;
    self->user_data = user_data;
    self->max_items = max_items;
    self->done = g_new0(bool, max_items);
    self->threads = g_ptr_array_new();
    g_mutex_init(&self->mutex);
    g_cond_init(&self->cond);
    for (unsigned i = 0; i < n_workers; i++)
        g_ptr_array_add(self->threads, g_thread_new("worker", serve_queue, self));
    return self;
}

void base_parallel_queue_push(BaseParallelQueue *self)
{
    g_mutex_lock(&self->mutex);
    g_assert(self->n_ready < self->max_items);
    self->n_ready++;
    g_cond_signal(&self->cond);
    g_mutex_unlock(&self->mutex);
}

void base_parallel_queue_wait(BaseParallelQueue *self, size_t index)
{
    g_mutex_lock(&self->mutex);
    g_assert(index < self->n_ready);
    while (!self->done[index]) {
        if (self->next < self->n_ready)
            work_on_next(self);
        else
            g_cond_wait(&self->cond, &self->mutex);
    }
    g_mutex_unlock(&self->mutex);
}

void base_parallel_queue_free(BaseParallelQueue *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->mutex);
    self->ending = true;
    g_cond_broadcast(&self->cond);
    g_mutex_unlock(&self->mutex);
    for (guint i = 0; i < self->threads->len; i++)
        (void)g_thread_join(self->threads->pdata[i]);
    g_ptr_array_unref(self->threads);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->cond);
    g_free(self->done);
    g_free(self);
}
