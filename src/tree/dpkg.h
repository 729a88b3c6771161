/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"

G_BEGIN_DECLS

/**
 * tree_dpkg_put:
 * @root: a tree with all packages merged
 * @repo_fd: directory descriptor of the build repo
 * @imported: (element-type PackagesImported): the packages
 * @error: return location
 *
 * Writes dpkg's database below /usr/lib/sysimage/dpkg, with a link from /var/lib/dpkg: each
 * package "install ok unpacked", the triggers that packages wait for, and those that the
 * unpacking set off, so that ‘dpkg --configure -a’ runs them.
 */
bool tree_dpkg_put(StoreNode *root, int repo_fd, GPtrArray *imported,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_dpkg_clean: removes locks and backups of the database */
void tree_dpkg_clean(StoreNode *root);

G_END_DECLS
