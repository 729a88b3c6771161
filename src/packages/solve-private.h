/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/solve.h"

#include <solv/pool.h>
#include <solv/queue.h>
#include <solv/solver.h>

G_BEGIN_DECLS

/**
 * PackagesSolver:
 * @pool: packages of all indexes; a repo's appdata is its PackagesIndex
 * @jobs: what libsolv is asked, pairs of how and what
 * @places: (element-type ManifestString): for each job what of the manifest it comes from;
 *   %NULL for the base packages, which no manifest names
 * @priority_key: PACKAGES_INDEX_PRIORITY in @pool
 */
struct _PackagesSolver {
    Pool *pool;
    Queue jobs;
    GPtrArray *places;
    Id priority_key;
};

/**
 * packages_solver_prefer:
 * @self: a solver whose jobs are complete
 * @manifest: whether Recommends count
 * @out_favored: gets the packages to prefer wherever there is a choice
 *
 * libsolv finds some set that fulfils all dependencies; Debian's rules say which: the first
 * of alternatives unless another is there anyway, a real package before one that provides
 * its name, the better priority, the higher version. This walks the dependencies by these
 * rules, without ever going back; where it runs into a conflict libsolv chooses otherwise.
 */
void packages_solver_prefer(PackagesSolver *self, const Manifest *manifest, Queue *out_favored);

/** packages_solver_explain: sets @error to the reasons why @solver found no solution */
void packages_solver_explain(PackagesSolver *self, Solver *solver, GError **error);

/** packages_solver_explain_unknown: sets @error for @wanted, whose name no package has */
void packages_solver_explain_unknown(PackagesSolver *self, const ManifestString *wanted,
                                     GError **error);

/** packages_solver_explain_virtual: sets @error for @wanted, which packages @providers provide */
void packages_solver_explain_virtual(PackagesSolver *self, const ManifestString *wanted,
                                     const Queue *providers, GError **error);

G_END_DECLS
