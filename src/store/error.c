/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of the store.
 */
#include "store/error.h"

G_DEFINE_QUARK(store_error, store_error)
