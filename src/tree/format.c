/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which package format a tree has.
 */
#include "tree/format.h"

#include "packages/format.h"

#include <string.h>

static const TreeFormat *const formats[] = {&tree_format_deb, &tree_format_rpm, NULL};

static const TreeFormat *find(const char *name)
{
    for (const TreeFormat *const *format = formats; *format != NULL; format++)
        if (strcmp((*format)->name, name) == 0)
            return *format;
    return NULL;
}

const TreeFormat *tree_format_of(const GPtrArray *packages, GError **error)
{
    const PackagesPackage *first = packages->len > 0 ? packages->pdata[0] : NULL;
    for (guint i = 1; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        if (package->format == first->format)
            continue;
        g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                    "package ‘%s’ is of the format %s and ‘%s’ of %s: one tree takes one of them; "
                    "leave the repositories of the other out of the manifest",
                    first->name, first->format->name, package->name, package->format->name);
        return NULL;
    }
    if (first == NULL)
        return &tree_format_deb;
    const TreeFormat *format = find(first->format->name);
    if (format == NULL)
        g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                    "package ‘%s’ is of the format %s, of which no tree can be made", first->name,
                    first->format->name);
    return format;
}
