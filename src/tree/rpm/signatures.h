/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"
#include "tree/error.h"

G_BEGIN_DECLS

/**
 * tree_rpm_signatures_put:
 * @root: a tree after all scripts, before /etc moves
 * @imported: (element-type PackagesImported): the packages that it is made of
 * @repo_fd: directory descriptor of the build repo, which gets new objects
 * @out_signed: how many files got a signature
 * @cancellable: (nullable)
 * @error: names the package
 *
 * Gives files the signatures that packages have of them, as security.ima, for the kernel to
 * appraise. Which ones is rpm's rule (rpm 4.18, plugins/ima.c): no configuration, which people
 * change, unless it is a program; no signature of zeros. A file that a script has changed gets
 * none: it would not be valid.
 */
bool tree_rpm_signatures_put(StoreNode *root, const GPtrArray *imported, int repo_fd,
                             size_t *out_signed, GCancellable *cancellable,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
