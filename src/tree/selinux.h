/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "store/store.h"
#include "store/tree.h"
#include "tree/error.h"

G_BEGIN_DECLS

/** tree_selinux_applies: whether @root, finished or not, has a policy and @manifest wants labels */
bool tree_selinux_applies(StoreNode *root, const Manifest *manifest);

/**
 * tree_selinux_label:
 * @root: the finished tree; changed in place
 * @store: has its contents, and gets them anew with their labels
 * @manifest: whether labels are wanted
 * @out_labelled: (out) (optional): how many files and directories have a label now
 * @cancellable: (nullable)
 * @error: a policy that cannot be read
 *
 * Gives every file, link and directory the label that the tree's own policy says
 * (security.selinux), /usr/etc as /etc; a tree without a policy stays as it is. Works on a
 * machine without SELinux, and does not ask a machine that has it.
 */
bool tree_selinux_label(StoreNode *root, const Store *store, const Manifest *manifest,
                        size_t *out_labelled, GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_selinux_inherit:
 * @root: a labelled tree; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @path: what was put into it since
 * @error: return location
 *
 * Gives @path, and what is below it, the label of the directory that it lies in. A tree without
 * labels stays as it is.
 */
bool tree_selinux_inherit(StoreNode *root, int repo_fd, const char *path,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
