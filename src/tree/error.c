/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of trees.
 */
#include "tree/error.h"

G_DEFINE_QUARK(tree_error, tree_error)
