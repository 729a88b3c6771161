/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"
#include "packages/index.h"
#include "packages/package.h"

G_BEGIN_DECLS

/**
 * PackagesSolver:
 *
 * libsolv's pool with the packages of all indexes, and the question that a manifest asks it.
 */
typedef struct _PackagesSolver PackagesSolver;

PackagesSolver *packages_solver_new(const char *arch);
void packages_solver_free(PackagesSolver *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesSolver, packages_solver_free)

/** packages_solver_add: adds the packages of @index, which must outlive @self */
bool packages_solver_add(PackagesSolver *self, const PackagesIndex *index,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_solver_add_text: as packages_solver_add(), with the text of a Packages file
 */
bool packages_solver_add_text(PackagesSolver *self, const PackagesIndex *index, FILE *text,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_solver_run:
 * @self: a solver with all its indexes
 * @manifest: what is wanted, what is excluded, and whether Recommends count
 * @error: %PACKAGES_ERROR_UNSOLVABLE, in words, with the manifest's places
 *
 * Chooses packages as packages_resolve() says. Called once.
 *
 * Returns: (transfer full) (element-type PackagesPackage): the choice, sorted
 */
GPtrArray *packages_solver_run(PackagesSolver *self, const Manifest *manifest,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
