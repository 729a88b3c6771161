/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/format.h"

G_BEGIN_DECLS

/**
 * tree_var_relocate:
 * @format: knows where the package database is looked for
 * @manifest: its opt-usrlocal
 * @root: a tree; changed in place
 * @repo_fd: directory descriptor of the build repo
 * @error: return location
 *
 * Leaves /var empty and turns /home, /root, /opt, /srv, /mnt, /usr/local into links to it.
 * What stood there becomes a tmpfiles.d(5) fragment: directories as they were, links, and
 * files out of a factory copy below /usr/share/factory. Logs, caches and other state that
 * programs make anew are dropped.
 */
bool tree_var_relocate(const TreeFormat *format, const Manifest *manifest, StoreNode *root,
                       int repo_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
