/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/merkle.h"
#include "bus/signed.h"

#include <string.h>

#define SIZE_MAX_TESTED 300

typedef struct {
    BaseSha256 *sha256;
    uint8_t leaves[SIZE_MAX_TESTED][BASE_SHA256_BYTES];
    uint8_t nodes[2][BASE_SHA256_BYTES];
} Tree;

/* The recursion of RFC 6962, 2.1, as it stands there. */
static void root_of(Tree *tree, unsigned start, unsigned n, uint8_t out[BASE_SHA256_BYTES])
{
    if (n <= 1) {
        if (n == 0)
            bus_hash_text(tree->sha256, "", 0, out);
        else
            memcpy(out, tree->leaves[start], BASE_SHA256_BYTES);
        return;
    }
    unsigned k = 1;
    while (2 * k < n)
        k *= 2;
    uint8_t right[BASE_SHA256_BYTES];
    root_of(tree, start, k, out);
    root_of(tree, start + k, n - k, right);
    bus_hash_node(tree->sha256, out, right, out);
}

static bool get(unsigned level, uint64_t index, uint8_t out_hash[static BASE_SHA256_BYTES],
                void *user_data, GError **error)
{
    Tree *tree = user_data;
    g_assert_true(level == 0 || (level == 8 && index == 0));
    memcpy(out_hash, level == 0 ? tree->leaves[index] : tree->nodes[0], BASE_SHA256_BYTES);
    return true;
}

static bool keep(unsigned level, uint64_t index, const uint8_t hash[static BASE_SHA256_BYTES],
                 void *user_data, GError **error)
{
    Tree *tree = user_data;
    g_assert_true(level == 8 && index == 0);
    memcpy(tree->nodes[0], hash, BASE_SHA256_BYTES);
    return true;
}

/* The certificate-transparency project's reference data: eight leaves, and the root after each. */
static void test_vectors(void)
{
    static const char *const leaves[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    BusFrontier frontier = {0};
    for (unsigned i = 0; i < 8; i++) {
        uint8_t data[16];
        uint8_t leaf[BASE_SHA256_BYTES];
        char hex[2 * BASE_SHA256_BYTES + 1];
        size_t n = strlen(leaves[i]) / 2;
        g_assert_true(bus_signed_read_hex(leaves[i], data, n));
        base_sha256_update(sha256, "\0", 1);
        base_sha256_update(sha256, data, n);
        base_sha256_finish(sha256, leaf);
        g_assert_true(bus_frontier_add(&frontier, sha256, leaf, NULL, NULL, NULL));
        bus_frontier_root(&frontier, sha256, leaf);
        base_digest_to_hex(leaf, sizeof leaf, hex);
        g_assert_cmpstr(hex, ==, roots[i]);
    }
}

static void check_size(Tree *tree, unsigned size, const uint8_t roots[][BASE_SHA256_BYTES])
{
    BusMerkle merkle = {get, tree, tree->sha256};
    uint8_t root[BASE_SHA256_BYTES];
    g_assert_true(bus_merkle_root(&merkle, size, root, NULL));
    g_assert_cmpmem(root, 32, roots[size], 32);
    for (unsigned i = 0; i < size; i++) {
        g_autoptr(GByteArray) path = bus_merkle_inclusion(&merkle, i, size, NULL);
        g_assert_true(
            bus_merkle_check_inclusion(tree->sha256, tree->leaves[i], i, size, path, root));
        g_assert_false(bus_merkle_check_inclusion(tree->sha256, tree->leaves[i],
                                                  (i + 1) % (size + 1), size, path, root));
        if (path->len > 0) {
            path->data[g_test_rand_int_range(0, (int)path->len)] ^= 1;
            g_assert_false(
                bus_merkle_check_inclusion(tree->sha256, tree->leaves[i], i, size, path, root));
        }
    }
    for (unsigned old = 0; old <= size; old++) {
        g_autoptr(GByteArray) path = bus_merkle_consistency(&merkle, old, size, NULL);
        g_assert_true(
            bus_merkle_check_consistency(tree->sha256, old, roots[old], size, root, path));
        uint8_t other[BASE_SHA256_BYTES];
        memcpy(other, roots[old], sizeof other);
        other[5] ^= 4;
        g_assert_false(bus_merkle_check_consistency(tree->sha256, old, other, size, root, path));
        if (path->len > 0) {
            path->data[g_test_rand_int_range(0, (int)path->len)] ^= 1;
            g_assert_false(
                bus_merkle_check_consistency(tree->sha256, old, roots[old], size, root, path));
        }
    }
}

static void test_proofs(void)
{
    g_autofree Tree *tree = g_new0(Tree, 1);
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    g_autofree uint8_t *memory = g_malloc0_n(SIZE_MAX_TESTED + 1, BASE_SHA256_BYTES);
    uint8_t(*roots)[BASE_SHA256_BYTES] = (void *)memory;
    BusFrontier frontier = {0};
    tree->sha256 = sha256;
    root_of(tree, 0, 0, roots[0]);
    for (unsigned i = 0; i < SIZE_MAX_TESTED; i++) {
        bus_hash_text(sha256, &i, sizeof i, tree->leaves[i]);
        g_assert_true(bus_frontier_add(&frontier, sha256, tree->leaves[i], keep, tree, NULL));
        bus_frontier_root(&frontier, sha256, roots[i + 1]);
        uint8_t plain[BASE_SHA256_BYTES];
        root_of(tree, 0, i + 1, plain);
        g_assert_cmpmem(plain, 32, roots[i + 1], 32);
        check_size(tree, i + 1, (const uint8_t(*)[BASE_SHA256_BYTES])roots);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/merkle/vectors", test_vectors);
    g_test_add_func("/bus/merkle/proofs", test_proofs);
    return g_test_run();
}
