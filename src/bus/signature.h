/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/digest.h"
#include "base/ed25519.h"
#include "bus/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** BUS_SIGNATURE_BATCH_MAX: so many events share a signature at most */
#define BUS_SIGNATURE_BATCH_MAX 1024
#define BUS_SIGNATURE_PATH_MAX 10
#define BUS_SIGNATURE_MAX_BYTES                                                                    \
    (BASE_ED25519_SIGNATURE_BYTES + 4 + BUS_SIGNATURE_PATH_MAX * BASE_SHA256_BYTES)

/**
 * BusSignature:
 * @size_bytes: of @bytes that count; 0 for none
 * @bytes: of an event that was appended alone, ed25519 over its text. Of one of a batch: ed25519
 *   over the batch; the event's index and the batch's size, two bytes each, big-endian; the audit
 *   path (RFC 9162, 2.1.3.1) of that index in a tree of that size, so that each event still proves
 *   by itself
 *
 * The leaves of a batch's tree are RFC 6962's of SHA-256(text). What is signed is
 * "atoll bus batch\n", the size in decimal, a space and the root in hex.
 */
typedef struct {
    size_t size_bytes;
    uint8_t bytes[BUS_SIGNATURE_MAX_BYTES];
} BusSignature;

/** bus_signature_read: takes @bytes in the one form that a signature has; %BUS_ERROR_INVALID says
 * what is wrong with them */
bool bus_signature_read(BusSignature *out_signature, const void *bytes, size_t size_bytes,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signature_make: of one text; @secret is libsodium's: seed ‖ public key */
void bus_signature_make(BusSignature *out_signature, const uint8_t secret[static 64],
                        const char *text);

/**
 * bus_signature_make_batch:
 * @out_signatures: where the signature of each goes
 * @text_hashes: SHA-256 of each text, one after the other
 * @n: how many, from 2 to %BUS_SIGNATURE_BATCH_MAX
 * @secret: libsodium's: seed ‖ public key
 * @sha256: (borrowed)
 */
void bus_signature_make_batch(BusSignature *const *out_signatures,
                              const uint8_t (*text_hashes)[BASE_SHA256_BYTES], unsigned n,
                              const uint8_t secret[static 64], BaseSha256 *sha256);

/**
 * BusSignatureMemory:
 *
 * The batch that was found to be signed last: its other events need no ed25519. All zero at first.
 */
typedef struct {
    char message[96];
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    uint8_t signature[BASE_ED25519_SIGNATURE_BYTES];
} BusSignatureMemory;

/** bus_signature_check: whether @public_key's owner made @self for @text, whose SHA-256 is
 * @text_hash; @memory may be %NULL */
bool bus_signature_check(const BusSignature *self, const char *text,
                         const uint8_t text_hash[static BASE_SHA256_BYTES],
                         const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES],
                         BaseSha256 *sha256, BusSignatureMemory *memory);

G_END_DECLS
