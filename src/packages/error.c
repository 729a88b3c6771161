/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of the packages room.
 */
#include "packages/error.h"

G_DEFINE_QUARK(packages_error, packages_error)
