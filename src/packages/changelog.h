/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"

G_BEGIN_DECLS

/**
 * packages_changelog_parse:
 * @text: a Debian changelog (deb-changelog(5))
 * @version: (nullable): the version that is known already
 *
 * Returns: (transfer full): the entries above that of @version, without their last lines, as
 *   far as a few dozen lines go; "" when there is none
 */
char *packages_changelog_parse(const char *text, const char *version);

/**
 * packages_changelog_since:
 * @one: an imported package
 * @repo_fd: directory descriptor of the build repo
 * @version: (nullable): the version before it
 *
 * Returns: (transfer full) (nullable): what its changelog says of the versions since; %NULL
 *   when it has none
 */
char *packages_changelog_since(const PackagesImported *one, int repo_fd, const char *version);

G_END_DECLS
