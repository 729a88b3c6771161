/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How large the objects of a tree are: 32 bytes of checksum, compressed and plain size as
 * base-128 numbers, the object's type.
 */
#include "store/sizes.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <ostree.h>
#include <string.h>
#include <sys/stat.h>

static void collect(const char *path, StoreNode *node, void *user_data)
{
    (void)path;
    if (!store_node_is_dir(node))
        g_ptr_array_add(user_data, node);
}

static int compare(const void *a, const void *b)
{
    const StoreNode *left = *(StoreNode *const *)a, *right = *(StoreNode *const *)b;
    return memcmp(left->checksum, right->checksum, BASE_SHA256_BYTES);
}

static void append_number(GByteArray *out, uint64_t number)
{
    do {
        uint8_t byte = number & 0x7f;
        number >>= 7;
        if (number != 0)
            byte |= 0x80;
        g_byte_array_append(out, &byte, 1);
    } while (number != 0);
}

static GVariant *make_entry(int published_fd, const StoreNode *node, GError **error)
{
    char path[96];
    struct stat st;
    const uint8_t type = OSTREE_OBJECT_TYPE_FILE;
    store_object_path(node->checksum, "filez", path);
    if (fstatat(published_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        base_error_set_errno(error, errno, "reading the size of object ‘%s’", path);
        return NULL;
    }
    g_autoptr(GByteArray) packed = g_byte_array_new();
    g_byte_array_append(packed, node->checksum, BASE_SHA256_BYTES);
    append_number(packed, (uint64_t)st.st_size);
    append_number(packed, S_ISREG(node->meta.mode) ? node->size_bytes : 0);
    g_byte_array_append(packed, &type, 1);
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, packed->data, packed->len, 1);
}

GVariant *store_sizes(int published_fd, StoreNode *root, GError **error)
{
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aay"));
    store_tree_visit(root, collect, nodes);
    g_ptr_array_sort(nodes, compare);
    const StoreNode *last = NULL;
    for (guint i = 0; i < nodes->len; i++) {
        const StoreNode *node = nodes->pdata[i];
        if (last != NULL && memcmp(last->checksum, node->checksum, BASE_SHA256_BYTES) == 0)
            continue;
        GVariant *entry = make_entry(published_fd, node, error);
        if (entry == NULL)
            return NULL;
        g_variant_builder_add_value(&builder, entry);
        last = node;
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}
