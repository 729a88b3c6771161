/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of updating.
 */
#include "update/error.h"

G_DEFINE_QUARK(update_error, update_error)
