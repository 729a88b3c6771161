/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"

G_BEGIN_DECLS

/**
 * TreeFilter:
 *
 * Which files of packages stay out of a tree: documentation (copyright files stay), and
 * translations for languages that are not wanted.
 */
typedef struct _TreeFilter TreeFilter;

/** tree_filter_new: (transfer full): the filter that @manifest asks for; borrows @manifest */
TreeFilter *tree_filter_new(const Manifest *manifest);
void tree_filter_free(TreeFilter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeFilter, tree_filter_free)

/** tree_filter_drops: whether the file or directory at @path ("usr/share/man") stays out */
bool tree_filter_drops(const TreeFilter *self, const char *path, bool is_dir);

G_END_DECLS
