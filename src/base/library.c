/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Libraries that are loaded when they are needed: those that cost a program which does not need
 * them more than its own start does.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

void *base_library_open(const char *const *names)
{
    void *library = NULL;
    for (const char *const *name = names; library == NULL && *name != NULL; name++)
        library = dlopen(*name, RTLD_NOW | RTLD_LOCAL);
    return library;
}

bool base_library_find(void *library, const char *name, void *out_function)
{
    void *symbol = library != NULL ? dlsym(library, name) : NULL;
    /* POSIX lets a pointer to data be one to a function; ISO C has no cast for it */
    memcpy(out_function, &symbol, sizeof symbol);
    return symbol != NULL;
}
