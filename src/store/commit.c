/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Commit objects (format: libostree, ostree-core.h, OSTREE_COMMIT_GVARIANT_FORMAT).
 */
#include "store/commit.h"

#include "store/loose.h"

#include <ostree.h>

static GVariant *bytes_variant(const uint8_t *data, size_t size_bytes)
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, size_bytes, 1);
}

char *store_commit_write(int repo_fd, const StoreNode *root, const StoreCommit *commit,
                         GError **error)
{
    uint8_t dirtree[BASE_SHA256_BYTES], dirmeta[BASE_SHA256_BYTES];
    if (!store_tree_write(root, repo_fd, dirtree, dirmeta, error))
        return NULL;
    uint8_t parent[BASE_SHA256_BYTES];
    if (commit->parent != NULL)
        ostree_checksum_inplace_to_bytes(commit->parent, parent);
    GVariant *metadata = commit->metadata;
    if (metadata == NULL)
        metadata = g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0);
    g_autoptr(GVariant) variant = g_variant_ref_sink(
        g_variant_new("(@a{sv}@ay@a(say)sst@ay@ay)", metadata,
                      bytes_variant(parent, commit->parent != NULL ? BASE_SHA256_BYTES : 0),
                      g_variant_new_array(G_VARIANT_TYPE("(say)"), NULL, 0), commit->subject, "",
                      GUINT64_TO_BE(commit->timestamp_s), bytes_variant(dirtree, sizeof dirtree),
                      bytes_variant(dirmeta, sizeof dirmeta)));
    uint8_t checksum[BASE_SHA256_BYTES];
    if (!store_put_metadata(repo_fd, "commit", variant, checksum, error))
        return NULL;
    char *hex = g_malloc(BASE_SHA256_HEX_CHARS + 1);
    base_digest_to_hex(checksum, sizeof checksum, hex);
    return hex;
}
