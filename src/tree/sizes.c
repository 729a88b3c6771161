/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the bytes of a tree are, and what of them a manifest can leave out.
 */
#include "tree/sizes.h"

#include <string.h>
#include <sys/stat.h>

typedef enum { DOCUMENTATION, LANGUAGES, MODULES, N_SAVINGS } Saving;

typedef struct {
    TreeSizes *sizes;
    GHashTable *owners; /* borrowed, nullable */
    unsigned depth;
    GHashTable *rows; /* owned: name to TreeSize, which sizes->rows owns */
    GHashTable *seen; /* owned: objects */
} Walk;

static void size_free(void *data)
{
    TreeSize *size = data;
    g_free(size->name);
    g_free(size);
}

void tree_sizes_free(TreeSizes *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->rows);
    g_ptr_array_unref(self->savings);
    g_free(self);
}

static unsigned hash_object(const void *data)
{
    unsigned hash = 0;
    memcpy(&hash, ((const StoreNode *)data)->checksum, sizeof hash);
    return hash;
}

static gboolean same_object(const void *a, const void *b)
{
    return memcmp(((const StoreNode *)a)->checksum, ((const StoreNode *)b)->checksum,
                  BASE_SHA256_BYTES) == 0;
}

static char *row_name(const Walk *walk, const char *path)
{
    const char *owner = walk->owners != NULL ? g_hash_table_lookup(walk->owners, path) : NULL;
    if (walk->owners != NULL)
        return g_strdup(owner != NULL ? owner : "(tree)");
    const char *end = path;
    for (unsigned i = 0; i < walk->depth; i++) {
        const char *slash = strchr(end + (i > 0), '/');
        if (slash == NULL)
            break;
        end = slash;
    }
    return g_strdup_printf("/%.*s", (int)(end - path), path);
}

static void add(TreeSize *size, uint64_t bytes)
{
    size->n_files++;
    size->bytes += bytes;
}

/* As tree/filter.c leaves out; copyright files stay. */
static bool is_documentation(const char *path)
{
    static const char *const folders[] = {
        "usr/share/man/",  "usr/share/info/",    "usr/share/gtk-doc/", "usr/share/doc-base/",
        "usr/share/help/", "usr/share/lintian/", "usr/share/linda/",   NULL};
    for (const char *const *folder = folders; *folder != NULL; folder++)
        if (g_str_has_prefix(path, *folder))
            return true;
    return g_str_has_prefix(path, "usr/share/doc/") && !g_str_has_suffix(path, "/copyright");
}

static bool is_language(const char *path)
{
    static const char prefix[] = "usr/share/locale/";
    return g_str_has_prefix(path, prefix) && strchr(path + strlen(prefix), '/') != NULL;
}

static bool is_module(const char *path)
{
    return g_str_has_prefix(path, "usr/lib/modules/") &&
           (strstr(path, ".ko") != NULL && strstr(path, "/kernel/") != NULL);
}

static void visit(const char *path, StoreNode *node, void *user_data)
{
    Walk *walk = user_data;
    if (!S_ISREG(node->meta.mode))
        return;
    uint64_t bytes = g_hash_table_add(walk->seen, node) ? node->size_bytes : 0;
    g_autofree char *name = row_name(walk, path);
    TreeSize *row = g_hash_table_lookup(walk->rows, name);
    if (row == NULL) {
        row = g_new0(TreeSize, 1);
        row->name = g_steal_pointer(&name);
        (void)g_hash_table_insert(walk->rows, row->name, row);
        g_ptr_array_add(walk->sizes->rows, row);
    }
    add(row, bytes);
    walk->sizes->total_bytes += bytes;
    walk->sizes->n_files++;
    if (is_documentation(path))
        add(walk->sizes->savings->pdata[DOCUMENTATION], bytes);
    else if (is_language(path))
        add(walk->sizes->savings->pdata[LANGUAGES], bytes);
    else if (is_module(path))
        add(walk->sizes->savings->pdata[MODULES], bytes);
}

static int compare_sizes(const void *a, const void *b)
{
    const TreeSize *left = *(TreeSize *const *)a;
    const TreeSize *right = *(TreeSize *const *)b;
    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    return strcmp(left->name, right->name);
}

TreeSizes *tree_sizes_new(StoreNode *root, GHashTable *owners, unsigned depth)
{
    static const char *const savings[N_SAVINGS] = {
        [DOCUMENTATION] = "documentation: false",
        [LANGUAGES] = "install-langs without any language",
        [MODULES] = "no kernel modules at all",
    };
    TreeSizes *self = g_new0(TreeSizes, 1);
    self->rows = g_ptr_array_new_with_free_func(size_free);
    self->savings = g_ptr_array_new_with_free_func(size_free);
    for (unsigned i = 0; i < N_SAVINGS; i++) {
        TreeSize *saving = g_new0(TreeSize, 1);
        saving->name = g_strdup(savings[i]);
        g_ptr_array_add(self->savings, saving);
    }
    Walk walk = {.sizes = self,
                 .owners = owners,
                 .depth = depth,
                 .rows = g_hash_table_new(g_str_hash, g_str_equal),
                 .seen = g_hash_table_new(hash_object, same_object)};
    store_tree_visit(root, visit, &walk);
    g_hash_table_unref(walk.rows);
    g_hash_table_unref(walk.seen);
    g_ptr_array_sort(self->rows, compare_sizes);
    return self;
}
