/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of this room.
 */
#include "image/error.h"

G_DEFINE_QUARK(image_error, image_error)
