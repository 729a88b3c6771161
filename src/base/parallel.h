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

G_END_DECLS
