/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** base_library_open: (nullable): the first of the libraries @names (%NULL-terminated) that is
 * there, loaded; it stays so */
void *base_library_open(const char *const *names);

/**
 * base_library_find:
 * @library: of base_library_open(); %NULL finds nothing
 * @name: of a function
 * @out_function: address of a pointer to a function of its type
 *
 * Returns: whether the library has it
 */
bool base_library_find(void *library, const char *name, void *out_function);

G_END_DECLS
