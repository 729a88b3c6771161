/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/rpm/solve.h"
#include "store/store.h"

G_BEGIN_DECLS

/**
 * packages_rpm_lost_add:
 * @solver: a solver with all repositories, before it runs
 * @pins: (element-type PackagesPackage): versions to hold
 * @store: what it has imported stands in for what repositories have no more
 * @error: a header in the store is damaged
 *
 * Adds those of @pins that no repository has any more to the repository that they were from, by
 * the headers that importing has kept.
 */
bool packages_rpm_lost_add(PackagesRpmSolver *solver, const GPtrArray *pins, const Store *store,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_rpm_lost_restore: gives those of @packages that came back from the store the places
 * that @pins have of them */
void packages_rpm_lost_restore(GPtrArray *packages, const GPtrArray *pins);

G_END_DECLS
