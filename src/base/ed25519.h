/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define BASE_ED25519_SEED_BYTES 32
#define BASE_ED25519_PUBLIC_BYTES 32
#define BASE_ED25519_SIGNATURE_BYTES 64

/** base_ed25519_generate: makes a new key pair (RFC 8032) from the system's random source */
bool base_ed25519_generate(uint8_t out_seed[static BASE_ED25519_SEED_BYTES],
                           uint8_t out_public[static BASE_ED25519_PUBLIC_BYTES],
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_ed25519_public: derives the public key of @seed */
bool base_ed25519_public(const uint8_t seed[static BASE_ED25519_SEED_BYTES],
                         uint8_t out_public[static BASE_ED25519_PUBLIC_BYTES],
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_ed25519_sign: signs @size_bytes bytes of @data with the private key @seed */
bool base_ed25519_sign(const uint8_t seed[static BASE_ED25519_SEED_BYTES], const void *data,
                       size_t size_bytes,
                       uint8_t out_signature[static BASE_ED25519_SIGNATURE_BYTES],
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_ed25519_verify: %TRUE if @signature over @data was made by @public_key's owner */
bool base_ed25519_verify(const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES],
                         const void *data, size_t size_bytes,
                         const uint8_t signature[static BASE_ED25519_SIGNATURE_BYTES]);

G_END_DECLS
