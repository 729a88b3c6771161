/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A bounded parallel loop: a few threads take indices off one counter.
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
