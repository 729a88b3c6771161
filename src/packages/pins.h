/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/solve.h"
#include "store/store.h"

G_BEGIN_DECLS

/**
 * PackagesPins:
 * @packages: (element-type PackagesPackage): versions to hold
 * @store: (nullable): what it has imported stands in for what repositories have no more
 * @lost: index that such packages belong to; its source must outlive the solver
 *
 * Packages that must not move. All borrowed.
 */
typedef struct {
    const GPtrArray *packages;
    const Store *store;
    const PackagesIndex *lost;
} PackagesPins;

/**
 * packages_solver_pin:
 * @self: a solver with all its indexes, before it runs
 * @pins: what must not move
 * @error: return location
 *
 * Takes every other version of a pinned package out. A pin whose version neither a repository
 * nor the store has does not hold: that package moves.
 */
bool packages_solver_pin(PackagesSolver *self, const PackagesPins *pins,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_solver_restrict:
 * @self: a solver with all its indexes, before it runs
 * @manifest: its repo-packages
 *
 * Takes out what other repositories have of a package that has to come from one.
 */
void packages_solver_restrict(PackagesSolver *self, const Manifest *manifest);

G_END_DECLS
