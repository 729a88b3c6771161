/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

#define PACKAGES_COMPS_MAX_BYTES (64u << 20)

/**
 * PackagesComps:
 *
 * Groups of packages and environments of groups, of all repositories together.
 */
typedef struct _PackagesComps PackagesComps;

PackagesComps *packages_comps_new(void);
void packages_comps_free(PackagesComps *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesComps, packages_comps_free)

/**
 * packages_comps_add:
 * @self: gets the groups
 * @text: a comps.xml
 * @error: %PACKAGES_ERROR_INVALID with the line
 *
 * A group that is there already gets the packages of both.
 */
bool packages_comps_add(PackagesComps *self, GBytes *text,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_comps_expand:
 * @self: the groups
 * @name: "@GROUP" or "@^ENVIRONMENT", by id or by English name
 * @packages: (element-type utf8): gets the names of mandatory and default packages
 * @conditional: (element-type utf8): gets pairs: a package, and the one that it comes with
 * @error: %PACKAGES_ERROR_UNSOLVABLE when there is none, with the nearest
 *
 * As dnf installs them: a group's mandatory and default packages, an environment's mandatory
 * groups.
 */
bool packages_comps_expand(const PackagesComps *self, const char *name, GPtrArray *packages,
                           GPtrArray *conditional, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
