/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/tree.h"

G_BEGIN_DECLS

/** STORE_SIZES_KEY: detached metadata of a published commit: aay, packed as libostree packs its
 * ‘ostree.sizes’ */
#define STORE_SIZES_KEY "atoll.sizes"

/**
 * store_sizes:
 * @published_fd: directory descriptor of an archive repo
 * @root: a tree whose content objects it has
 * @error: an object that is not there
 *
 * What each content object takes on the wire and on a disk. Hosts plan with it; it is no part of
 * the commit, whose checksum must not depend on how well somebody's library deflates.
 *
 * Returns: (transfer full): aay, sorted by checksum
 */
GVariant *store_sizes(int published_fd, StoreNode *root, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
