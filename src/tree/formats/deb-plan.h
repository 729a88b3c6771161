/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"

G_BEGIN_DECLS

/**
 * tree_deb_plan:
 * @imported: (element-type PackagesImported): debs, sorted by name
 *
 * Cuts the packages into stages: first what Essential and required packages depend on, then
 * whatever another package depends on, then what nothing depends on but has scripts or
 * triggers, and last what has neither. A package depends on none of a later stage (an
 * alternative that the set has counts as a dependency, whatever its version). Within a stage
 * the order of @imported stays.
 *
 * Returns: (transfer full) (element-type GPtrArray): the stages that are not empty; their
 *   elements are borrowed from @imported
 */
GPtrArray *tree_deb_plan(GPtrArray *imported);

G_END_DECLS
