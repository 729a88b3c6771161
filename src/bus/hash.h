/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/signature.h"

G_BEGIN_DECLS

/*
 * The hashes of the log, over a running SHA-256 that the caller keeps: one for each thread.
 */

/** bus_hash_text: plain SHA-256 of @size_bytes bytes */
void bus_hash_text(BaseSha256 *sha256, const void *text, size_t size_bytes,
                   uint8_t out_hash[static BASE_SHA256_BYTES]);

/** bus_hash_leaf: RFC 6962, 2.1: SHA-256(0x00 ‖ signed text ‖ signature) */
void bus_hash_leaf(BaseSha256 *sha256, const char *signed_text, const BusSignature *signature,
                   uint8_t out_hash[static BASE_SHA256_BYTES]);

/** bus_hash_node: RFC 6962, 2.1: SHA-256(0x01 ‖ left ‖ right); @out_hash may be @left */
void bus_hash_node(BaseSha256 *sha256, const uint8_t left[static BASE_SHA256_BYTES],
                   const uint8_t right[static BASE_SHA256_BYTES],
                   uint8_t out_hash[static BASE_SHA256_BYTES]);

/** bus_hash_name: 63 bits of SHA-256(kind ‖ 0x00 ‖ name): the key of a name in the indexes */
int64_t bus_hash_name(BaseSha256 *sha256, const char *kind, const char *name);

G_END_DECLS
