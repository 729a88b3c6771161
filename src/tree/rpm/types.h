/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
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

G_END_DECLS
