/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/facts.h"
#include "tree/digests.h"
#include "tree/os-release.h"

G_BEGIN_DECLS

/**
 * TreeSbom:
 * @name: what is described: the branch
 * @version: (nullable): its version
 * @document: last part of the document's namespace; unique to its contents
 * @created: "2026-01-31T12:00:00Z"
 * @os: what the tree says it is
 * @imported: (element-type PackagesImported): its packages
 * @facts: as many as @imported: what they say of themselves
 * @root: (nullable): the tree; without it, the document lists no files
 * @digests: (nullable): digests of all regular files of @root
 *
 * What goes into a document. All borrowed.
 */
typedef struct {
    const char *name;
    const char *version;
    const char *document;
    const char *created;
    const TreeOsRelease *os;
    const GPtrArray *imported;
    const PackagesFacts *facts;
    StoreNode *root;
    const TreeDigests *digests;
} TreeSbom;

/**
 * tree_sbom_print:
 * @self: what to write
 *
 * An SPDX 2.3 document in JSON: the tree, which contains its packages, which contain their
 * files; a file that no package brought is contained in the tree itself. A package, a file, a
 * relationship a line, in the order of their names: the same input gives the same bytes, and
 * little input changes few lines.
 *
 * Returns: (transfer full): the document
 */
GString *tree_sbom_print(const TreeSbom *self);

/** tree_sbom_purl: (transfer full): the package's address (purl-spec): "pkg:deb/debian/bash@5.2" */
char *tree_sbom_purl(const PackagesPackage *package, const char *source_version,
                     const TreeOsRelease *os);

/** tree_sbom_append_json: adds @text as a JSON string, quotes and all */
void tree_sbom_append_json(GString *out, const char *text);

G_END_DECLS
