/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/package.h"
#include "packages/rpm/comps.h"
#include "packages/rpm/index.h"
#include "packages/rpm/modules.h"

G_BEGIN_DECLS

/**
 * PackagesRpmQuestion:
 * @manifest: what is wanted
 * @comps: groups and environments of all repositories
 * @modules: modules of all repositories
 * @pins: (nullable) (element-type PackagesPackage): of these packages no other version counts
 *
 * What libsolv is asked about rpm packages. All borrowed.
 */
typedef struct {
    const Manifest *manifest;
    const PackagesComps *comps;
    PackagesModules *modules;
    const GPtrArray *pins;
} PackagesRpmQuestion;

/**
 * PackagesRpmSolver:
 *
 * libsolv's pool with the packages of all repositories, and the question that is asked.
 */
typedef struct _PackagesRpmSolver PackagesRpmSolver;

/** packages_rpm_solver_new: for @arch in rpm's words ("x86_64") */
PackagesRpmSolver *packages_rpm_solver_new(const char *arch);
void packages_rpm_solver_free(PackagesRpmSolver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesRpmSolver, packages_rpm_solver_free)

/** packages_rpm_solver_add: adds the packages of a repository, which must outlive @self */
bool packages_rpm_solver_add(PackagesRpmSolver *self, const PackagesRpmMetadata *metadata,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_rpm_solver_add_text: as packages_rpm_solver_add(), with the text of a primary.xml */
bool packages_rpm_solver_add_text(PackagesRpmSolver *self, const PackagesRpmMetadata *metadata,
                                  FILE *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_solver_needs_files:
 * @self: a solver with all repositories
 * @manifest: what is wanted
 *
 * Returns: whether the packages that may come into question need a file that primary metadata
 *   does not tell about
 */
bool packages_rpm_solver_needs_files(PackagesRpmSolver *self, const Manifest *manifest);

/** packages_rpm_solver_add_files: adds the file lists of all repositories, which were fetched */
bool packages_rpm_solver_add_files(PackagesRpmSolver *self,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_solver_run:
 * @self: a solver with all repositories
 * @question: see #PackagesRpmQuestion
 * @error: %PACKAGES_ERROR_UNSOLVABLE, in words, with the manifest's places;
 *   %PACKAGES_ERROR_INVALID for a chosen package whose metadata is hostile
 *
 * Chooses packages. Called once.
 *
 * Returns: (transfer full) (element-type PackagesPackage): the choice, sorted
 */
GPtrArray *packages_rpm_solver_run(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
