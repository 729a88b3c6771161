/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What in a tree runs with more rights than its caller's: whoever answers for the tree wants to
 * know of each.
 */
#include "tree/privileged.h"

#include <sys/stat.h>

#define CAPABILITY_XATTR "security.capability"

static bool has_capabilities(const StoreNode *node)
{
    GVariantIter iter;
    const char *name = NULL;
    if (node->meta.xattrs == NULL)
        return false;
    g_variant_iter_init(&iter, node->meta.xattrs);
    while (g_variant_iter_next(&iter, "(^&ay@ay)", &name, NULL))
        if (g_str_equal(name, CAPABILITY_XATTR))
            return true;
    return false;
}

static void visit(const char *path, StoreNode *node, void *user_data)
{
    GPtrArray *list = user_data;
    uint32_t mode = node->meta.mode;
    if (!S_ISREG(mode))
        return;
    bool capable = has_capabilities(node);
    if ((mode & (S_ISUID | S_ISGID)) == 0 && !capable)
        return;
    bool owned = node->owner != NULL && *node->owner != '\0';
    g_ptr_array_add(list, g_strdup_printf("%s %04o%s%s%s", path, mode & 07777,
                                          capable ? " capabilities" : "", owned ? " " : "",
                                          owned ? node->owner : ""));
}

GPtrArray *tree_privileged_list(StoreNode *root)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    store_tree_visit(root, visit, list);
    return list;
}
