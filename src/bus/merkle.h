/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/error.h"
#include "bus/hash.h"

G_BEGIN_DECLS

/** BUS_MERKLE_STEP: roots of complete subtrees are kept at every so many levels */
#define BUS_MERKLE_STEP 8

/**
 * BusFrontier:
 * @size: leaves so far
 * @nodes: roots of the complete subtrees that they come to, the largest first; as many as
 *   @size has bits set
 *
 * All that appending to a Merkle tree (RFC 6962, 2.1) has to know of it.
 */
typedef struct {
    uint64_t size;
    uint8_t nodes[64][BASE_SHA256_BYTES];
} BusFrontier;

/** BusMerkleNodeFunc: gets the root of complete subtree @index of 2^@level leaves */
typedef bool (*BusMerkleNodeFunc)(unsigned level, uint64_t index,
                                  const uint8_t hash[static BASE_SHA256_BYTES], void *user_data,
                                  GError **error);

/** bus_frontier_nodes: how many nodes it has */
unsigned bus_frontier_nodes(const BusFrontier *self);

/** bus_frontier_add: one more leaf; @on_node (nullable) gets each subtree that it completes at a
 * level that is a multiple of %BUS_MERKLE_STEP (not the leaf itself) */
bool bus_frontier_add(BusFrontier *self, BaseSha256 *sha256,
                      const uint8_t leaf[static BASE_SHA256_BYTES], BusMerkleNodeFunc on_node,
                      void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_frontier_root: the tree's hash; of no leaves, that of the empty string */
void bus_frontier_root(const BusFrontier *self, BaseSha256 *sha256,
                       uint8_t out_root[static BASE_SHA256_BYTES]);

/** BusMerkleGetFunc: sets the root of subtree @index at @level (a multiple of %BUS_MERKLE_STEP;
 * 0 is the leaves) */
typedef bool (*BusMerkleGetFunc)(unsigned level, uint64_t index,
                                 uint8_t out_hash[static BASE_SHA256_BYTES], void *user_data,
                                 GError **error);

/**
 * BusMerkle:
 * @get: where nodes come from
 * @user_data: for @get
 * @sha256: (borrowed)
 *
 * A tree to make proofs of.
 */
typedef struct {
    BusMerkleGetFunc get;
    void *user_data;
    BaseSha256 *sha256;
} BusMerkle;

/** bus_merkle_root: the hash of the first @size leaves */
bool bus_merkle_root(const BusMerkle *self, uint64_t size,
                     uint8_t out_root[static BASE_SHA256_BYTES],
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_merkle_inclusion: (transfer full): audit path (RFC 9162, 2.1.3.1) of leaf @index (from 0)
 * in the tree of @size leaves: hashes of 32 bytes, one after the other */
GByteArray *bus_merkle_inclusion(const BusMerkle *self, uint64_t index, uint64_t size,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_merkle_consistency: (transfer full): proof (RFC 9162, 2.1.4.1) that the tree of @old_size
 * leaves is the beginning of the one of @size */
GByteArray *bus_merkle_consistency(const BusMerkle *self, uint64_t old_size, uint64_t size,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_merkle_climb: turns @node, a leaf, into the root that a tree of @size leaves has if it is
 * leaf @index of it, by its path of @path_bytes bytes (RFC 9162, 2.1.3.2); %FALSE for a path of
 * another length */
bool bus_merkle_climb(BaseSha256 *sha256, uint64_t index, uint64_t size, const uint8_t *path,
                      size_t path_bytes, uint8_t node[static BASE_SHA256_BYTES]);

/** bus_merkle_check_inclusion: RFC 9162, 2.1.3.2 */
bool bus_merkle_check_inclusion(BaseSha256 *sha256, const uint8_t leaf[static BASE_SHA256_BYTES],
                                uint64_t index, uint64_t size, const GByteArray *path,
                                const uint8_t root[static BASE_SHA256_BYTES]);

/** bus_merkle_check_consistency: RFC 9162, 2.1.4.2 */
bool bus_merkle_check_consistency(BaseSha256 *sha256, uint64_t old_size,
                                  const uint8_t old_root[static BASE_SHA256_BYTES], uint64_t size,
                                  const uint8_t root[static BASE_SHA256_BYTES],
                                  const GByteArray *path);

G_END_DECLS
