/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/layer.h"

G_BEGIN_DECLS

/**
 * manifest_variables_replace:
 * @layer: everything merged
 * @error: %MANIFEST_ERROR_INVALID for a ${name} that nobody set, with the nearest that is
 *
 * Replaces ${name} in the values of the keys that allow it. Besides "variables" there are
 * ${releasever}, and ${basearch}: this machine's architecture ("x86_64"). The value of a
 * variable is taken as it is. A "$" without "{" stays.
 */
bool manifest_variables_replace(ManifestLayer *layer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
