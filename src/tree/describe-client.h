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
 * rpmostree.initramfs-args, ostree.container-cmd, and for a tree of rpms rpmostree.rpmdb.pkglist,
 * a(sssss) of name, epoch, version, release and architecture; rpmostree.rpmmd-repos, aa{sv} of
 * each repository's "id" and "timestamp", and rpmostree.advisories, a(suuasa{sv}), unless the
 * manifest wants them elsewhere.
 */
void tree_describe_client(const TreeDescription *self, GVariantDict *dict);

/** tree_describe_client_numbers: (transfer full): @value as it stands in a commit's metadata */
GVariant *tree_describe_client_numbers(GVariant *value);

/** tree_describe_client_detached: those that the manifest wants beside the commit */
void tree_describe_client_detached(const TreeDescription *self, GVariantDict *dict);

G_END_DECLS
