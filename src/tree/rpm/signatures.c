/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signatures of files, from the headers of rpms to extended attributes. An attribute is part of an
 * object: each file gets a new one.
 */
#include "tree/rpm/signatures.h"

#include "base/parallel.h"
#include "store/loose.h"
#include "tree/rpm/files.h"

#include <rpm/rpmcrypto.h>
#include <string.h>
#include <sys/stat.h>

#define XATTR "security.ima"
/* fsverity and IMA signatures are of a kilobyte at most; a header may claim anything */
#define SIGNATURE_MAX_BYTES 65535

typedef struct {
    StoreNode *node;
    GBytes *signature; /* owned */
    GChecksumType type;
    char *digest; /* owned: of its contents, in hex */
    bool is_put;
} Item;

typedef struct {
    StoreNode *root;
    GHashTable *by_node; /* owned: StoreNode to Item */
    GPtrArray *items;    /* owned */
    int repo_fd;
} Signing;

static void item_free(void *data)
{
    Item *item = data;
    g_bytes_unref(item->signature);
    g_free(item->digest);
    g_free(item);
}

static void signing_clear(Signing *self)
{
    g_clear_pointer(&self->by_node, g_hash_table_unref);
    g_clear_pointer(&self->items, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Signing, signing_clear)

/* --- what is signed --- */

static bool find_type(int algorithm, GChecksumType *out_type)
{
    static const struct {
        int algorithm;
        GChecksumType type;
    } types[] = {
        {RPM_HASH_MD5, G_CHECKSUM_MD5},       {RPM_HASH_SHA1, G_CHECKSUM_SHA1},
        {RPM_HASH_SHA256, G_CHECKSUM_SHA256}, {RPM_HASH_SHA384, G_CHECKSUM_SHA384},
        {RPM_HASH_SHA512, G_CHECKSUM_SHA512},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (types[i].algorithm == algorithm) {
            *out_type = types[i].type;
            return true;
        }
    return false;
}

/* A package may have a file below /bin where the tree has a link to usr/bin. */
static StoreNode *find_file(StoreNode *root, const char *path)
{
    path += strspn(path, "/");
    g_autofree char *first = g_strndup(path, strcspn(path, "/"));
    const StoreNode *top = store_node_find(root, first);
    bool is_link = top != NULL && S_ISLNK(top->meta.mode) && top->target != NULL;
    g_autofree char *through =
        is_link ? g_strconcat(top->target + strspn(top->target, "/"), path + strlen(first), NULL)
                : NULL;
    StoreNode *node = store_node_find(root, is_link ? through : path);
    return node != NULL && S_ISREG(node->meta.mode) ? node : NULL;
}

static bool is_meant(rpmfiles files, int index)
{
    rpmfileAttrs flags = rpmfilesFFlags(files, index);
    rpm_mode_t mode = rpmfilesFMode(files, index);
    return S_ISREG(mode) && (flags & RPMFILE_GHOST) == 0 &&
           ((flags & RPMFILE_CONFIG) == 0 || (mode & 0111) != 0);
}

/* NULL where there is none: rpmsign fills up with zeros. */
static GBytes *find_signature(rpmfiles files, int index)
{
    size_t size_bytes = 0;
    const unsigned char *data = rpmfilesFSignature(files, index, &size_bytes);
    bool has_one = false;
    for (size_t i = 0; data != NULL && !has_one && i < size_bytes; i++)
        has_one = data[i] != 0;
    return has_one && size_bytes <= SIGNATURE_MAX_BYTES ? g_bytes_new(data, size_bytes) : NULL;
}

static char *find_digest(rpmfiles files, int index, GChecksumType *out_type)
{
    int algorithm = 0;
    size_t size_bytes = 0;
    const unsigned char *digest = rpmfilesFDigest(files, index, &algorithm, &size_bytes);
    if (digest == NULL || !find_type(algorithm, out_type))
        return NULL;
    GString *hex = g_string_sized_new(2 * size_bytes);
    for (size_t i = 0; i < size_bytes; i++)
        g_string_append_printf(hex, "%02x", digest[i]);
    return g_string_free(hex, FALSE);
}

static void add_file(Signing *self, rpmfiles files, int index)
{
    g_autoptr(GBytes) signature = is_meant(files, index) ? find_signature(files, index) : NULL;
    if (signature == NULL)
        return;
    char *path = rpmfilesFN(files, index);
    StoreNode *node = find_file(self->root, path);
    free(path);
    GChecksumType type = G_CHECKSUM_SHA256;
    g_autofree char *digest = node != NULL ? find_digest(files, index, &type) : NULL;
    /* of packages with the same file the first one counts: any of their signatures is valid */
    if (digest == NULL || g_hash_table_contains(self->by_node, node))
        return;
    Item *item = g_new0(Item, 1);
    *item = (Item){.node = node,
                   .signature = g_steal_pointer(&signature),
                   .type = type,
                   .digest = g_steal_pointer(&digest)};
    g_ptr_array_add(self->items, item);
    g_hash_table_insert(self->by_node, node, item);
}

static bool add_package(Signing *self, const PackagesImported *one, GError **error)
{
    g_autoptr(TreeRpmHeader) header = tree_rpm_header_load(one->header, error);
    if (header == NULL) {
        g_prefix_error(error, "package ‘%s’: ", one->package->name);
        return false;
    }
    if (!headerIsEntry(header, RPMTAG_FILESIGNATURES))
        return true;
    g_autoptr(TreeRpmFiles) files =
        rpmfilesNew(NULL, header, RPMTAG_BASENAMES, RPMFI_NOFILECLASS | RPMFI_NOFILEDEPS);
    for (int i = 0; files != NULL && i < (int)rpmfilesFC(files); i++)
        add_file(self, files, i);
    return true;
}

/* --- signing --- */

static bool put_item(size_t index, unsigned worker, void *user_data, GError **error)
{
    (void)worker;
    Signing *self = user_data;
    Item *item = self->items->pdata[index];
    StoreNode *node = item->node;
    g_autoptr(GBytes) bytes = store_load_contents(self->repo_fd, node->checksum, error);
    if (bytes == NULL)
        return false;
    g_autofree char *digest = g_compute_checksum_for_bytes(item->type, bytes);
    if (strcmp(digest, item->digest) != 0)
        return true;
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(item->signature, &size_bytes);
    GVariant *xattrs = store_xattrs_set(node->meta.xattrs, XATTR, data, size_bytes);
    g_clear_pointer(&node->meta.xattrs, g_variant_unref);
    node->meta.xattrs = xattrs;
    item->is_put = true;
    return store_put_file(self->repo_fd, &node->meta, bytes, node->checksum, error);
}

bool tree_rpm_signatures_put(StoreNode *root, const GPtrArray *imported, int repo_fd,
                             size_t *out_signed, GCancellable *cancellable, GError **error)
{
    g_auto(Signing) self = {
        .root = root,
        .by_node = g_hash_table_new(NULL, NULL),
        .items = g_ptr_array_new_with_free_func(item_free),
        .repo_fd = repo_fd,
    };
    for (guint i = 0; i < imported->len; i++)
        if (!add_package(&self, imported->pdata[i], error))
            return false;
    if (!base_parallel_for(self.items->len, 0, put_item, &self, cancellable, error))
        return false;
    size_t n_signed = 0;
    for (guint i = 0; i < self.items->len; i++)
        n_signed += ((const Item *)self.items->pdata[i])->is_put ? 1 : 0;
    *out_signed = n_signed;
    return true;
}
