/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/format.h"

#include <rpm/header.h>

G_BEGIN_DECLS

/**
 * packages_rpm_header_read:
 * @fd: an rpm; afterwards its offset is the payload's
 * @keys: (nullable): OpenPGP keys, binary, one of which must have signed the header
 * @error: %PACKAGES_ERROR_INVALID when it is no rpm or its header is damaged,
 *   %PACKAGES_ERROR_SIGNATURE when @keys are given and none of them has signed it
 *
 * Reads lead, signature header and header by librpm, which checks the header's digests.
 *
 * Returns: (transfer full): the header, as librpm would install it; headerFree()
 */
Header packages_rpm_header_read(int fd, GBytes *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_header_check:
 * @header: a package's header
 * @package: what the metadata says that it is
 * @error: %PACKAGES_ERROR_INVALID when it is something else
 */
bool packages_rpm_header_check(Header header, const PackagesPackage *package,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
