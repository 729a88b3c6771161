/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The hashes of the log (RFC 6962).
 */
#include "bus/hash.h"

#include <string.h>

void bus_hash_text(BaseSha256 *sha256, const void *text, size_t size_bytes,
                   uint8_t out_hash[static BASE_SHA256_BYTES])
{
    base_sha256_update(sha256, text, size_bytes);
    base_sha256_finish(sha256, out_hash);
}

void bus_hash_leaf(BaseSha256 *sha256, const char *signed_text, const BusSignature *signature,
                   uint8_t out_hash[static BASE_SHA256_BYTES])
{
    base_sha256_update(sha256, "\0", 1);
    base_sha256_update(sha256, signed_text, strlen(signed_text));
    base_sha256_update(sha256, signature->bytes, signature->size_bytes);
    base_sha256_finish(sha256, out_hash);
}

void bus_hash_node(BaseSha256 *sha256, const uint8_t left[static BASE_SHA256_BYTES],
                   const uint8_t right[static BASE_SHA256_BYTES],
                   uint8_t out_hash[static BASE_SHA256_BYTES])
{
    uint8_t data[1 + 2 * BASE_SHA256_BYTES] = {1};
    memcpy(data + 1, left, BASE_SHA256_BYTES);
    memcpy(data + 1 + BASE_SHA256_BYTES, right, BASE_SHA256_BYTES);
    bus_hash_text(sha256, data, sizeof data, out_hash);
}

int64_t bus_hash_name(BaseSha256 *sha256, const char *kind, const char *name)
{
    uint8_t digest[BASE_SHA256_BYTES];
    uint64_t key = 0;
    base_sha256_update(sha256, kind, strlen(kind) + 1);
    base_sha256_update(sha256, name, strlen(name));
    base_sha256_finish(sha256, digest);
    for (unsigned i = 0; i < 8; i++)
        key = key << 8 | digest[i];
    return (int64_t)(key >> 1);
}
