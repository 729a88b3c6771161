/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/** TREE_RPM_DATABASE_DIR: where rpm's database lies in a tree, without leading slash */
#define TREE_RPM_DATABASE_DIR "usr/lib/sysimage/rpm"

/**
 * TreeRpmRecord:
 * @header: the package's true header
 * @states: what became of each of its files
 *
 * What the database has to say of a package, beside time and transaction.
 */
typedef struct {
    GBytes *header;
    GBytes *states;
} TreeRpmRecord;

/**
 * tree_rpm_database_normalise:
 * @path: rpm's database (SQLite), closed
 * @records: (element-type utf8 TreeRpmRecord): by NAME-EPOCH:VERSION-RELEASE.ARCH
 * @error: return location
 *
 * Replaces each package's header by the true one with its files' states, and writes the
 * database anew, so that its bytes depend on nothing but its contents.
 */
bool tree_rpm_database_normalise(const char *path, GHashTable *records,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
