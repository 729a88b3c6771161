/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/format.h"

G_BEGIN_DECLS

/** packages_rpm_format: RPM packages, version 4 */
extern const PackagesFormat packages_rpm_format;

/**
 * packages_rpm_read:
 * @fd: an rpm, read to its end
 * @package: (nullable): what its header must say that it is, and who must have signed it
 * @repo_fd: directory descriptor of the build repo, where contents go
 * @out_contents: what it holds
 * @error: %PACKAGES_ERROR_INVALID, %PACKAGES_ERROR_SIGNATURE
 *
 * Reads an rpm: the header by librpm, then the payload in one pass, each file checked against
 * the header while it streams into a content object.
 */
bool packages_rpm_read(int fd, const PackagesPackage *package, int repo_fd,
                       PackagesContents *out_contents, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
