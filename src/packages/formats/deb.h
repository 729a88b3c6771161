/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/format.h"

G_BEGIN_DECLS

/** PACKAGES_DPKG_DIR: where dpkg's database lies in a tree, without leading slash */
#define PACKAGES_DPKG_DIR "usr/lib/sysimage/dpkg"

/** packages_deb_format: Debian binary packages */
extern const PackagesFormat packages_deb_format;

/**
 * packages_deb_read:
 * @fd: a .deb, read from its current offset to its end
 * @repo_fd: directory descriptor of the build repo, where contents go
 * @out_deb: what it holds
 * @error: %PACKAGES_ERROR_INVALID
 *
 * Reads a Debian binary package (deb(5), format 2.0) in one pass, hashing it as it goes.
 */
bool packages_deb_read(int fd, int repo_fd, PackagesContents *out_deb,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
