/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/import.h"
#include "tree/rpm/types.h"

G_BEGIN_DECLS

/**
 * tree_rpm_files_states:
 * @files: a package's files
 * @manifest: what it says of documentation and languages
 * @colours: as tree_rpm_colours_find()
 * @package_sha256: digest of the package
 *
 * Decides as rpm does with _excludedocs and _install_langs (rpm 4.18, lib/transaction.c,
 * skipInstallFiles): files marked as documentation or for other languages stay out, licences
 * never, and directories that are empty for it.
 *
 * Returns: (transfer full): one byte a file, %RPMFILE_STATE_NORMAL, %RPMFILE_STATE_NOTINSTALLED or
 *   %RPMFILE_STATE_WRONGCOLOR
 */
GBytes *tree_rpm_files_states(rpmfiles files, const Manifest *manifest, GHashTable *colours,
                              const char *package_sha256);

/**
 * tree_rpm_files_select:
 * @one: an imported rpm
 * @manifest: as above
 * @colours: as above
 * @out_selected: (transfer full) (nullable): its files without those that stay out; %NULL
 *   when all of them go in
 * @error: return location
 */
bool tree_rpm_files_select(const PackagesImported *one, const Manifest *manifest,
                           GHashTable *colours, StoreNode **out_selected,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
