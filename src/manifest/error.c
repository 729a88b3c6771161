/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of manifests.
 */
#include "manifest/error.h"

G_DEFINE_QUARK(manifest_error, manifest_error)
