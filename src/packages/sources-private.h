/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/sources.h"

G_BEGIN_DECLS

/**
 * packages_source_url:
 * @text: a base URL as people write it ("file:/srv", "copy:///srv", "http://host/debian/")
 * @error: %PACKAGES_ERROR_INVALID when its scheme is none that is fetched
 *
 * Returns: (transfer full): the URL in the form of PackagesSource.url
 */
char *packages_source_url(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_source_check:
 * @self: a source
 * @error: %PACKAGES_ERROR_INVALID says which of suite and components do not fit together
 */
bool packages_source_check(const PackagesSource *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
