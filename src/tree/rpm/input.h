/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/import.h"
#include "tree/rules.h"

G_BEGIN_DECLS

/**
 * tree_rpm_input_write:
 * @directory: an empty directory
 * @imported: (element-type PackagesImported): rpms
 * @manifest: what it says of documentation and languages
 * @rules: what becomes of their scripts
 * @colours: as tree_rpm_colours_find()
 * @error: return location; names the package
 *
 * Writes what tree_rpm_transaction_main() reads: for package N the files "N.rpm", a package
 * without payload whose scripts follow the rules, which librpm runs; "N.header", the true
 * header, for the database; "N.states", one byte a file; and "lenient" with a line "PACKAGE
 * SCRIPT" for each script that may fail.
 */
bool tree_rpm_input_write(const char *directory, const GPtrArray *imported,
                          const Manifest *manifest, const TreeRules *rules, GHashTable *colours,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_rpm_input_epoch: seconds: when the youngest of the packages was built */
uint64_t tree_rpm_input_epoch(const GPtrArray *imported);

G_END_DECLS
