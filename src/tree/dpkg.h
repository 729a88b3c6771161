/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"

G_BEGIN_DECLS

/**
 * tree_dpkg_put:
 * @root: a tree with @packages merged
 * @repo_fd: directory descriptor of the build repo
 * @packages: (element-type PackagesImported): those that were merged last
 * @error: return location
 *
 * Writes dpkg's database below /usr/lib/sysimage/dpkg, with a link from /var/lib/dpkg, or adds
 * to it: each of @packages "install ok unpacked", the triggers that packages wait for, and
 * those that the unpacking set off, so that ‘dpkg --configure -a’ runs them.
 */
bool tree_dpkg_put(StoreNode *root, int repo_fd, GPtrArray *packages,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_dpkg_diversions:
 * @root: a tree
 * @repo_fd: directory descriptor of the build repo
 * @out_diversions: (transfer full): path to "PLACE\nPACKAGE", both paths without leading slash
 * @error: return location
 *
 * Reads what dpkg-divert(1) has noted.
 */
bool tree_dpkg_diversions(StoreNode *root, int repo_fd, GHashTable **out_diversions,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_dpkg_clean: removes locks and backups of the database */
void tree_dpkg_clean(StoreNode *root);

G_END_DECLS
