/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Merkle tree over the log (RFC 6962, RFC 9162 section 2.1): appending by the right edge
 * alone, proofs out of subtree roots that are kept at every eighth level.
 */
#include "bus/merkle.h"

#include <string.h>

#define HASH BASE_SHA256_BYTES

unsigned bus_frontier_nodes(const BusFrontier *self)
{
    return (unsigned)__builtin_popcountll(self->size);
}

bool bus_frontier_add(BusFrontier *self, BaseSha256 *sha256, const uint8_t leaf[static HASH],
                      BusMerkleNodeFunc on_node, void *user_data, GError **error)
{
    unsigned n = bus_frontier_nodes(self);
    uint8_t node[HASH];
    memcpy(node, leaf, HASH);
    unsigned level = 0;
    /* Each bit that is set at the low end is a subtree that this one completes a pair with. */
    for (uint64_t rest = self->size; (rest & 1) != 0; rest >>= 1) {
        bus_hash_node(sha256, self->nodes[--n], node, node);
        level++;
        if (on_node != NULL && level % BUS_MERKLE_STEP == 0 &&
            !on_node(level, self->size >> level, node, user_data, error))
            return false;
    }
    memcpy(self->nodes[n], node, HASH);
    self->size++;
    return true;
}

void bus_frontier_root(const BusFrontier *self, BaseSha256 *sha256, uint8_t out_root[static HASH])
{
    unsigned n = bus_frontier_nodes(self);
    if (n == 0) {
        bus_hash_text(sha256, "", 0, out_root);
        return;
    }
    memcpy(out_root, self->nodes[n - 1], HASH);
    for (unsigned i = n - 1; i > 0; i--)
        bus_hash_node(sha256, self->nodes[i - 1], out_root, out_root);
}

/* The largest power of two below @n, for @n > 1. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* The hash of leaves @start to @start + @n - 1, a subtree of the RFC's recursion; @n > 0. */
static bool hash_range(const BusMerkle *self, uint64_t start, uint64_t n, uint8_t out_hash[HASH],
                       GError **error)
{
    if ((n & (n - 1)) == 0) {
        unsigned level = (unsigned)__builtin_ctzll(n);
        if (level % BUS_MERKLE_STEP == 0)
            return self->get(level, start >> level, out_hash, self->user_data, error);
    }
    uint64_t k = split(n);
    uint8_t right[HASH];
    if (!hash_range(self, start, k, out_hash, error) ||
        !hash_range(self, start + k, n - k, right, error))
        return false;
    bus_hash_node(self->sha256, out_hash, right, out_hash);
    return true;
}

bool bus_merkle_root(const BusMerkle *self, uint64_t size, uint8_t out_root[static HASH],
                     GError **error)
{
    uint8_t root[HASH];
    if (size == 0)
        bus_hash_text(self->sha256, "", 0, root);
    else if (!hash_range(self, 0, size, root, error))
        return false;
    memcpy(out_root, root, HASH);
    return true;
}

static bool append_range(const BusMerkle *self, uint64_t start, uint64_t n, GByteArray *path,
                         GError **error)
{
    uint8_t hash[HASH];
    if (!hash_range(self, start, n, hash, error))
        return false;
    g_byte_array_append(path, hash, HASH);
    return true;
}

static bool add_inclusion(const BusMerkle *self, uint64_t index, uint64_t start, uint64_t n,
                          GByteArray *path, GError **error)
{
    if (n == 1)
        return true;
    uint64_t k = split(n);
    if (index < k)
        return add_inclusion(self, index, start, k, path, error) &&
               append_range(self, start + k, n - k, path, error);
    return add_inclusion(self, index - k, start + k, n - k, path, error) &&
           append_range(self, start, k, path, error);
}

GByteArray *bus_merkle_inclusion(const BusMerkle *self, uint64_t index, uint64_t size,
                                 GError **error)
{
    g_assert(index < size);
    g_autoptr(GByteArray) path = g_byte_array_new();
    if (!add_inclusion(self, index, 0, size, path, error))
        return NULL;
    return g_steal_pointer(&path);
}

/* SUBPROOF of RFC 9162: @whole says that the old root is known to who checks. */
static bool add_consistency(const BusMerkle *self, uint64_t m, uint64_t start, uint64_t n,
                            bool whole, GByteArray *path, GError **error)
{
    if (m == n)
        return whole || append_range(self, start, n, path, error);
    uint64_t k = split(n);
    if (m <= k)
        return add_consistency(self, m, start, k, whole, path, error) &&
               append_range(self, start + k, n - k, path, error);
    return add_consistency(self, m - k, start + k, n - k, false, path, error) &&
           append_range(self, start, k, path, error);
}

GByteArray *bus_merkle_consistency(const BusMerkle *self, uint64_t old_size, uint64_t size,
                                   GError **error)
{
    g_assert(old_size <= size);
    g_autoptr(GByteArray) path = g_byte_array_new();
    if (old_size > 0 && old_size < size &&
        !add_consistency(self, old_size, 0, size, true, path, error))
        return NULL;
    return g_steal_pointer(&path);
}

bool bus_merkle_climb(BaseSha256 *sha256, uint64_t index, uint64_t size, const uint8_t *path,
                      size_t path_bytes, uint8_t node[static HASH])
{
    if (index >= size || path_bytes % HASH != 0)
        return false;
    uint64_t fn = index;
    uint64_t sn = size - 1;
    for (const uint8_t *p = path; p < path + path_bytes; p += HASH) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            bus_hash_node(sha256, p, node, node);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            bus_hash_node(sha256, node, p, node);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0;
}

bool bus_merkle_check_inclusion(BaseSha256 *sha256, const uint8_t leaf[static HASH], uint64_t index,
                                uint64_t size, const GByteArray *path,
                                const uint8_t root[static HASH])
{
    uint8_t node[HASH];
    memcpy(node, leaf, HASH);
    return bus_merkle_climb(sha256, index, size, path->data, path->len, node) &&
           memcmp(node, root, HASH) == 0;
}

bool bus_merkle_check_consistency(BaseSha256 *sha256, uint64_t old_size,
                                  const uint8_t old_root[static HASH], uint64_t size,
                                  const uint8_t root[static HASH], const GByteArray *path)
{
    if (old_size > size || path->len % HASH != 0)
        return false;
    if (old_size == 0 || old_size == size) {
        uint8_t empty[HASH];
        bus_hash_text(sha256, "", 0, empty);
        return path->len == 0 && memcmp(old_root, old_size == size ? root : empty, HASH) == 0;
    }
    const uint8_t *p = path->data;
    const uint8_t *end = p + path->len;
    uint64_t fn = old_size - 1;
    uint64_t sn = size - 1;
    bool power = (old_size & (old_size - 1)) == 0;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    if (!power && p == end)
        return false;
    uint8_t fr[HASH];
    uint8_t sr[HASH];
    memcpy(fr, power ? old_root : p, HASH);
    memcpy(sr, fr, HASH);
    for (p += power ? 0 : HASH; p < end; p += HASH) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            bus_hash_node(sha256, p, fr, fr);
            bus_hash_node(sha256, p, sr, sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            bus_hash_node(sha256, sr, p, sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(fr, old_root, HASH) == 0 && memcmp(sr, root, HASH) == 0;
}
