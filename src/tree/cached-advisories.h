/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/advisories.h"
#include "tree/inspect.h"

G_BEGIN_DECLS

/**
 * tree_cached_advisories_match:
 * @commit: a commit of rpms
 * @state_dir: the state directory that composed or locked it
 * @audit: its packages
 * @findings: (element-type PackagesFinding): gets what was found
 * @out_sources: (transfer full): where advisories were, in words, %NULL-terminated
 * @error: %TREE_ERROR_NOT_FOUND when none of its repositories has advisories here
 *
 * Holds packages against the updateinfo of the repositories that the commit's manifest names, as
 * the last compose or lock fetched it. Asks no server.
 */
bool tree_cached_advisories_match(TreeInspect *commit, const char *state_dir,
                                  const PackagesAudit *audit, GPtrArray *findings,
                                  char ***out_sources, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
