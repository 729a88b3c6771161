/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/describe.h"

G_BEGIN_DECLS

/**
 * tree_describe_client:
 * @self: a commit
 * @dict: its metadata; gets more
 *
 * Adds what rpm-ostree's clients read of a commit, under its names: rpmostree.inputhash,
 * rpmostree.initramfs-args, and for a tree of rpms rpmostree.rpmdb.pkglist, a(sssss) of name,
 * epoch, version, release and architecture.
 */
void tree_describe_client(const TreeDescription *self, GVariantDict *dict);

G_END_DECLS
