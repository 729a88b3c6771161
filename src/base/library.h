/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** BaseLibraryFunction: @out_function: address of a pointer to a function of the type that the
 * library's function @name has */
typedef struct {
    const char *name;
    void *out_function;
} BaseLibraryFunction;

/**
 * base_library_load:
 * @names: libraries (%NULL-terminated), of which the first that the program has loaded is taken, or
 *   else the first that is there is loaded; it stays so
 * @functions: what is called of it
 * @n_functions: their number
 *
 * Returns: whether there is such a library, and has all of @functions
 */
bool base_library_load(const char *const *names, const BaseLibraryFunction *functions,
                       size_t n_functions) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
