/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/rpm/solve.h"
#include "packages/solve-private.h"

G_BEGIN_DECLS

/**
 * PackagesRpmBar: why a package does not count
 */
typedef enum {
    PACKAGES_RPM_BAR_NONE,
    PACKAGES_RPM_BAR_ARCH,
    PACKAGES_RPM_BAR_EXCLUDED,
    PACKAGES_RPM_BAR_NOT_INCLUDED,
    PACKAGES_RPM_BAR_OTHER_REPO,
    PACKAGES_RPM_BAR_MODULE,
    PACKAGES_RPM_BAR_PIN,
    PACKAGES_RPM_BAR_LOCK,
} PackagesRpmBar;

/**
 * PackagesRpmSolver:
 * @base: (owned): pool, jobs and places, as for debs; a repo's appdata is its
 *   PackagesRpmMetadata
 * @arch: (owned): in rpm's words
 * @bars: (owned): a PackagesRpmBar for each solvable
 * @considered: which solvables count, for the pool
 * @wanted: (owned) (element-type ManifestString): from profiles of modules
 * @conditional: (owned) (element-type utf8): pairs of a package and the one that it comes with
 * @places: (owned) (element-type ManifestString): for each of @conditional's pairs
 */
struct _PackagesRpmSolver {
    PackagesSolver *base;
    char *arch;
    uint8_t *bars;
    Map considered;
    GPtrArray *wanted;
    GPtrArray *conditional;
    GPtrArray *places;
};

/** packages_rpm_filter: sets bars and the pool's map of what counts */
bool packages_rpm_filter(PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_rpm_filter_text: (transfer full): in words why the solvable @p does not count */
char *packages_rpm_filter_text(const PackagesRpmSolver *self, const PackagesRpmQuestion *question,
                               Id p);

/** packages_rpm_nevra: (transfer full): "name-EPOCH:version-release.arch", epoch always */
char *packages_rpm_nevra(Pool *pool, const Solvable *s);

G_END_DECLS
