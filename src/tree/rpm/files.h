/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/import.h"
#include "tree/error.h"

#include <rpm/header.h>
#include <rpm/rpmfiles.h>

G_BEGIN_DECLS

/** TreeRpmHeader: librpm's Header is a pointer to this; here so that it can be an autoptr */
typedef struct headerToken_s TreeRpmHeader;
void tree_rpm_header_free(TreeRpmHeader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeRpmHeader, tree_rpm_header_free)

/** TreeRpmFiles: librpm's rpmfiles is a pointer to this */
typedef struct rpmfiles_s TreeRpmFiles;
void tree_rpm_files_free(TreeRpmFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeRpmFiles, tree_rpm_files_free)

/**
 * tree_rpm_header_load:
 * @bytes: what headerExport() gave
 * @error: %TREE_ERROR_FAILED when it is damaged
 *
 * Returns: (transfer full): the header
 */
TreeRpmHeader *tree_rpm_header_load(GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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
