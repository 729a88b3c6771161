/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signatures of events: ed25519 over the text of one, or over the Merkle root of a batch. An
 * ed25519 operation takes longer than all else that is done for an event.
 */
#include "bus/signature.h"

#include "bus/merkle.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PLAIN BASE_ED25519_SIGNATURE_BYTES
#define HASH BASE_SHA256_BYTES
#define PATH (PLAIN + 4) /* where the path begins */
/* Begins as neither an event's text nor a head does: none can be passed off as the other. */
#define DOMAIN "atoll bus batch\n"

static unsigned get_place(const BusSignature *self, unsigned *out_n)
{
    const uint8_t *p = self->bytes + PLAIN;
    *out_n = (unsigned)p[2] << 8 | p[3];
    return (unsigned)p[0] << 8 | p[1];
}

/* As many as there are levels at which the place has a neighbour. */
static unsigned count_path(unsigned index, unsigned n)
{
    unsigned hashes = 0;
    for (unsigned last = n - 1; last > 0; last >>= 1, index >>= 1)
        hashes += (index & 1) != 0 || index < last;
    return hashes;
}

bool bus_signature_read(BusSignature *out_signature, const void *bytes, size_t size_bytes,
                        GError **error)
{
    BusSignature self = {.size_bytes = size_bytes};
    if (size_bytes > sizeof self.bytes || (size_bytes != PLAIN && size_bytes < PATH)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "a signature has 64 bytes, or in a batch 68 and its path, not %zu", size_bytes);
        return false;
    }
    memcpy(self.bytes, bytes, size_bytes);
    if (size_bytes != PLAIN) {
        unsigned n = 0;
        unsigned index = get_place(&self, &n);
        if (n < 2 || n > BUS_SIGNATURE_BATCH_MAX || index >= n) {
            g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                        "a batch has 2 to %d events, and this place is %u of %u",
                        BUS_SIGNATURE_BATCH_MAX, index, n);
            return false;
        }
        if (size_bytes != PATH + (size_t)count_path(index, n) * HASH) {
            g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                        "the path of place %u in a batch of %u has %u hashes, and the signature "
                        "%zu bytes",
                        index, n, count_path(index, n), size_bytes);
            return false;
        }
    }
    *out_signature = self;
    return true;
}

void bus_signature_make(BusSignature *out_signature, const uint8_t secret[static 64],
                        const char *text)
{
    out_signature->size_bytes = PLAIN;
    (void)crypto_sign_ed25519_detached(out_signature->bytes, NULL, (const unsigned char *)text,
                                       strlen(text), secret);
}

static void hash_batch_leaf(BaseSha256 *sha256, const uint8_t text_hash[HASH], uint8_t out[HASH])
{
    uint8_t data[1 + HASH] = {0};
    memcpy(data + 1, text_hash, HASH);
    bus_hash_text(sha256, data, sizeof data, out);
}

static void print_message(char out[static 96], unsigned n, const uint8_t root[HASH])
{
    char hex[2 * HASH + 1];
    base_digest_to_hex(root, HASH, hex);
    (void)g_snprintf(out, 96, DOMAIN "%u %s", n, hex);
}

static void add_hash(BusSignature *self, const uint8_t hash[HASH])
{
    memcpy(self->bytes + self->size_bytes, hash, HASH);
    self->size_bytes += HASH;
}

/* Each path gets its hash of this level, and the level above takes the place of this one. */
static unsigned climb(BusSignature *const *signatures, unsigned n, unsigned level,
                      uint8_t (*nodes)[HASH], unsigned n_nodes, BaseSha256 *sha256)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned neighbour = (i >> level) ^ 1;
        if (neighbour < n_nodes)
            add_hash(signatures[i], nodes[neighbour]);
    }
    for (unsigned i = 0; i + 1 < n_nodes; i += 2)
        bus_hash_node(sha256, nodes[i], nodes[i + 1], nodes[i / 2]);
    if (n_nodes % 2 != 0)
        memmove(nodes[n_nodes / 2], nodes[n_nodes - 1], HASH);
    return (n_nodes + 1) / 2;
}

void bus_signature_make_batch(BusSignature *const *out_signatures,
                              const uint8_t (*text_hashes)[HASH], unsigned n,
                              const uint8_t secret[static 64], BaseSha256 *sha256)
{
    uint8_t nodes[BUS_SIGNATURE_BATCH_MAX][HASH];
    uint8_t signature[PLAIN];
    char message[96];
    g_assert(n >= 2 && n <= BUS_SIGNATURE_BATCH_MAX);
    for (unsigned i = 0; i < n; i++) {
        const uint8_t place[] = {(uint8_t)(i >> 8), (uint8_t)i, (uint8_t)(n >> 8), (uint8_t)n};
        memcpy(out_signatures[i]->bytes + PLAIN, place, sizeof place);
        out_signatures[i]->size_bytes = PATH;
        hash_batch_leaf(sha256, text_hashes[i], nodes[i]);
    }
    unsigned n_nodes = n;
    for (unsigned level = 0; n_nodes > 1; level++)
        n_nodes = climb(out_signatures, n, level, nodes, n_nodes, sha256);
    print_message(message, n, nodes[0]);
    (void)crypto_sign_ed25519_detached(signature, NULL, (const unsigned char *)message,
                                       strlen(message), secret);
    for (unsigned i = 0; i < n; i++)
        memcpy(out_signatures[i]->bytes, signature, sizeof signature);
}

static bool check_batch(const BusSignature *self, const char *message, const uint8_t *public_key,
                        BusSignatureMemory *memory)
{
    if (memory != NULL && strcmp(memory->message, message) == 0 &&
        memcmp(memory->public_key, public_key, sizeof memory->public_key) == 0 &&
        memcmp(memory->signature, self->bytes, PLAIN) == 0)
        return true;
    if (crypto_sign_ed25519_verify_detached(self->bytes, (const unsigned char *)message,
                                            strlen(message), public_key) != 0)
        return false;
    if (memory != NULL) {
        g_strlcpy(memory->message, message, sizeof memory->message);
        memcpy(memory->public_key, public_key, sizeof memory->public_key);
        memcpy(memory->signature, self->bytes, PLAIN);
    }
    return true;
}

bool bus_signature_check(const BusSignature *self, const char *text,
                         const uint8_t text_hash[static HASH],
                         const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES],
                         BaseSha256 *sha256, BusSignatureMemory *memory)
{
    if (self->size_bytes == PLAIN)
        return crypto_sign_ed25519_verify_detached(self->bytes, (const unsigned char *)text,
                                                   strlen(text), public_key) == 0;
    if (self->size_bytes < PATH)
        return false;
    unsigned n = 0;
    unsigned index = get_place(self, &n);
    uint8_t root[HASH];
    char message[96];
    hash_batch_leaf(sha256, text_hash, root);
    if (!bus_merkle_climb(sha256, index, n, self->bytes + PATH, self->size_bytes - PATH, root))
        return false;
    print_message(message, n, root);
    return check_batch(self, message, public_key, memory);
}
