/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/advisories.h"

#include <solv/pool.h>
#include <stdio.h>

G_BEGIN_DECLS

/**
 * PackagesAdvisories:
 * @audit: (borrowed): what is held against them
 * @pool: (owned): compares versions in the format's way
 * @by_name: (owned): source name of debs, package name of rpms, to GPtrArray of PackagesSubject
 * @findings: (borrowed): gets what is found
 * @n_packages: packages here that the tracker knows
 * @n_releases: how often it says something about them in the audit's release
 *
 * One reading of advisories.
 */
typedef struct {
    const PackagesAudit *audit;
    Pool *pool;
    GHashTable *by_name;
    GPtrArray *findings;
    size_t n_packages;
    size_t n_releases;
} PackagesAdvisories;

/** packages_advisories_is_older: whether version @a is older than @b */
bool packages_advisories_is_older(const PackagesAdvisories *self, const char *a, const char *b);

/** packages_advisories_version: the version of @subject that advisories of its format speak of */
const char *packages_advisories_version(const PackagesAdvisories *self,
                                        const PackagesSubject *subject);

/** packages_advisories_add: (transfer none): a new finding about @subject, for the caller to fill
 */
PackagesFinding *packages_advisories_add(const PackagesAdvisories *self,
                                         const PackagesSubject *subject, const char *id);

/** packages_advisories_debian: what the Debian security tracker says of source package @name:
 * @size_bytes bytes of JSON at @data */
bool packages_advisories_debian(PackagesAdvisories *self, const char *name, const char *data,
                                size_t size_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_advisories_osv: one OSV entry */
bool packages_advisories_osv(PackagesAdvisories *self, const char *data, size_t size_bytes,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_advisories_updateinfo: an updateinfo.xml */
bool packages_advisories_updateinfo(PackagesAdvisories *self, FILE *file,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
