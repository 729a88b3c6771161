/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Libraries that are loaded when they are needed: those that cost a program which does not need
 * them more than its own start does.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

static bool find(void *library, const BaseLibraryFunction *function)
{
    void *symbol = dlsym(library, function->name);
    /* POSIX lets a pointer to data be one to a function; ISO C has no cast for it */
    memcpy(function->out_function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static void *open_first(const char *const *names, int flags)
{
    void *library = NULL;
    for (; library == NULL && *names != NULL; names++)
        library = dlopen(*names, flags);
    return library;
}

bool base_library_load(const char *const *names, const BaseLibraryFunction *functions,
                       size_t n_functions)
{
    void *library = open_first(names, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (library == NULL)
        library = open_first(names, RTLD_NOW | RTLD_LOCAL);
    bool ok = library != NULL;
    for (size_t i = 0; ok && i < n_functions; i++)
        ok = find(library, &functions[i]);
    return ok;
}
