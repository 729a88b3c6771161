/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * BaseParallelFunc:
 * @index: which item
 * @worker: number of the worker thread, below the worker count: index of per-worker state
 * @user_data: passed through
 * @error: return location
 *
 * Works on one item; runs in a worker thread.
 */
typedef bool (*BaseParallelFunc)(size_t index, unsigned worker, void *user_data, GError **error);

/** base_parallel_workers: how many workers to use: the CPUs this process may run on */
unsigned base_parallel_workers(void);

/**
 * base_parallel_for:
 * @n_items: how many items there are
 * @n_workers: how many threads at most; 0 for base_parallel_workers()
 * @func: called once for each index, in rising order of start
 * @user_data: for @func
 * @cancellable: (nullable): no further item starts once cancelled
 * @error: the first error; after it no further item starts
 *
 * Runs @func over 0..@n_items-1 and waits for all that started.
 */
bool base_parallel_for(size_t n_items, unsigned n_workers, BaseParallelFunc func, void *user_data,
                       GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * BaseParallelQueue:
 *
 * Work on items that become ready one after another, while the thread that makes them goes on.
 */
typedef struct _BaseParallelQueue BaseParallelQueue;

/** BaseParallelWork: works on one item; runs in a worker thread or in the one that waits */
typedef void (*BaseParallelWork)(size_t index, void *user_data);

/**
 * base_parallel_queue_new:
 * @n_workers: how many threads beside the caller's; 0 leaves the work to whoever waits
 * @max_items: how many items there are at most
 * @func: called once for each item, in rising order of start
 * @user_data: for @func
 *
 * Returns: (transfer full): a queue for one thread, with no item ready yet
 */
BaseParallelQueue *base_parallel_queue_new(unsigned n_workers, size_t max_items,
                                           BaseParallelWork func, void *user_data);

/** base_parallel_queue_push: one more item is ready */
void base_parallel_queue_push(BaseParallelQueue *self);

/** base_parallel_queue_wait: returns when item @index is done, and works on others until then */
void base_parallel_queue_wait(BaseParallelQueue *self, size_t index);

/** base_parallel_queue_free: no further item starts; waits for those that have */
void base_parallel_queue_free(BaseParallelQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseParallelQueue, base_parallel_queue_free)

G_END_DECLS
