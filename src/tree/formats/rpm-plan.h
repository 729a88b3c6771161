/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"

G_BEGIN_DECLS

/**
 * tree_rpm_plan:
 * @imported: (element-type PackagesImported): rpms, sorted by name
 *
 * Cuts the packages into two transactions. The second one has those that are only files: no
 * package of the set requires them or what they provide (whatever the version), they have no
 * scripts and no triggers, no trigger names them, and no file trigger is about a path of theirs.
 * So it runs no script, and the first one does not have to be run again when one of them
 * changes. Within a transaction the order of @imported stays.
 *
 * Returns: (transfer full) (element-type GPtrArray): the transactions that are not empty; their
 *   elements are borrowed from @imported
 */
GPtrArray *tree_rpm_plan(GPtrArray *imported);

G_END_DECLS
