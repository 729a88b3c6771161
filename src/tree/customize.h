/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "packages/import.h"
#include "tree/scripts.h"

G_BEGIN_DECLS

/**
 * TreeCustomize:
 * @scripts: the sandboxed tree, its packages configured
 * @manifest: what it asks for
 * @imported: (element-type PackagesImported): what is in the tree
 * @version: of the commit that it becomes
 * @progress: (nullable)
 *
 * What a manifest changes in a tree after its packages. All borrowed.
 */
typedef struct {
    TreeScripts *scripts;
    const Manifest *manifest;
    GPtrArray *imported;
    const char *version;
    const BaseProgress *progress;
} TreeCustomize;

/**
 * tree_customize:
 * @self: what to do
 * @cancellable: (nullable)
 * @error: names the manifest's file and line
 *
 * In this order: sysusers, remove-from-packages, mutate-os-release, kernel-modules, add-files,
 * units, default-target, postprocess, postprocess-script, finalize.d.
 */
bool tree_customize(const TreeCustomize *self, GCancellable *cancellable,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_customize_os_release: (transfer full): @text of os-release(5) in which @version stands for
 * @base in VERSION and PRETTY_NAME, with OSTREE_VERSION; @out_found says whether @base was there */
char *tree_customize_os_release(const char *text, const char *base, const char *version,
                                bool *out_found);

G_END_DECLS
