/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * base_nearest_name:
 * @name: what somebody typed
 * @known: the names that exist, %NULL-terminated
 *
 * Finds the known name that @name was probably meant to be: the one with the smallest
 * Levenshtein distance, a swap of neighbours counted once (ties: the first), if that is at
 * most half of the longer name.
 *
 * Returns: (nullable): an element of @known, or %NULL when none is near
 */
const char *base_nearest_name(const char *name, const char *const *known);

G_END_DECLS
