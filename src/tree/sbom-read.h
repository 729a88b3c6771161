/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/inspect.h"

G_BEGIN_DECLS

/**
 * TreeSbomPackage:
 * @id: (owned): its SPDX id
 * @name: (owned)
 * @version: (owned)
 * @arch: (owned)
 * @format: (owned): "deb" or "rpm"
 * @source: (owned): name of its source package
 * @source_version: (owned)
 * @sha256: (owned): of the package file
 * @licence: (owned): declared, as SPDX writes it, or "NOASSERTION"
 *
 * A package, as a commit names it.
 */
typedef struct {
    char *id;
    char *name;
    char *version;
    char *arch;
    char *format;
    char *source;
    char *source_version;
    char *sha256;
    char *licence;
} TreeSbomPackage;

/**
 * tree_sbom_read:
 * @data: a document as tree_sbom_print() writes it
 * @size_bytes: its length
 * @error: %TREE_ERROR_FAILED
 *
 * Returns: (transfer full) (element-type TreeSbomPackage): its packages, sorted by name
 */
GPtrArray *tree_sbom_read(const char *data, size_t size_bytes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_sbom_read_owners: (transfer full): path ("usr/bin/env") to name of the package, both
 * owned, of each file in the document that a package brought */
GHashTable *tree_sbom_read_owners(const char *data, size_t size_bytes,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_sbom_packages:
 * @commit: a commit
 * @error: %TREE_ERROR_NOT_FOUND when it does not say its packages
 *
 * Of the SBOM in the tree; of an older commit, of its metadata, without licences.
 *
 * Returns: (transfer full) (element-type TreeSbomPackage): sorted by name
 */
GPtrArray *tree_sbom_packages(TreeInspect *commit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
