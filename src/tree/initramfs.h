/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"
#include "tree/scripts.h"

G_BEGIN_DECLS

/**
 * TreeInitramfs:
 * @store: the store, whose cache/ remembers what went into the last one
 * @ref: branch that is composed: each has its own memory
 * @kernel: kernel version, the name below /usr/lib/modules
 * @args: (element-type ManifestString): further arguments for dracut
 *
 * What an initramfs is made for.
 */
typedef struct {
    const Store *store;
    const char *ref;
    const char *kernel;
    const GPtrArray *args;
} TreeInitramfs;

/**
 * tree_initramfs_put:
 * @self: what for
 * @root: the configured tree; gets usr/lib/modules/KERNEL/initramfs.img
 * @scripts: the same tree, mounted
 * @cancellable: (nullable)
 * @error: %TREE_ERROR_KERNEL when the tree has no dracut
 *
 * Makes a generic, reproducible initramfs with the tree's own dracut and its ostree module,
 * compressed with zstd; or takes the last one when nothing that goes into it has changed:
 * the files that were in it, everything that dracut's modules and configuration consist of,
 * the kernel's modules, and every file of a name that dracut's scripts speak of.
 */
bool tree_initramfs_put(const TreeInitramfs *self, StoreNode *root, TreeScripts *scripts,
                        GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
