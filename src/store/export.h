/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "store/store.h"
#include "store/tree.h"

G_BEGIN_DECLS

/**
 * StoreExportStats:
 * @objects: content objects written
 * @bytes_in: their uncompressed size
 * @bytes_out: what was written
 */
typedef struct {
    uint64_t objects;
    uint64_t bytes_in;
    uint64_t bytes_out;
} StoreExportStats;

/**
 * StoreExport:
 * @build_fd: directory descriptor of the bare-user repo that has the objects
 * @published_fd: directory descriptor of the archive repo
 * @n_workers: threads at most; 0 for all CPUs
 * @progress: (nullable)
 *
 * From where to where, and how hard to try.
 */
typedef struct {
    int build_fd;
    int published_fd;
    unsigned n_workers;
    const BaseProgress *progress;
} StoreExport;

/**
 * store_export_files:
 * @self: from where to where
 * @root: tree whose files are exported
 * @out_stats: (out) (optional): what it did
 * @cancellable: (nullable)
 * @error: return location
 *
 * Writes the content objects below @root that the archive repo lacks, deflated by libdeflate.
 * May run before the commit exists, and beside other work.
 */
bool store_export_files(const StoreExport *self, StoreNode *root, StoreExportStats *out_stats,
                        GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * store_export_commit:
 * @store: both repos
 * @commit: checksum of a commit in the build repo
 * @root: its tree; all of its content objects were exported
 * @ref: branch that will point to it in both repos
 * @cancellable: (nullable)
 * @error: return location
 *
 * Writes the metadata objects, the commit, its signatures and sizes into the archive repo, syncs
 * both file systems, then moves the refs, and renews the summary.
 */
bool store_export_commit(const Store *store, const char *commit, StoreNode *root, const char *ref,
                         GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
