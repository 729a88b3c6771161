/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ed25519 (RFC 8032) over OpenSSL's EVP interface, on raw 32-byte keys.
 */
#include "base/ed25519.h"

#include "base/error.h"

#include <openssl/err.h>
#include <openssl/evp.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)

static bool set_crypto_error(GError **error, const char *what)
{
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    return base_error_set(error, BASE_ERROR_FAILED, "%s: %s", what, reason);
}

bool base_ed25519_generate(uint8_t out_seed[static BASE_ED25519_SEED_BYTES],
                           uint8_t out_public[static BASE_ED25519_PUBLIC_BYTES], GError **error)
{
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
    g_autoptr(EVP_PKEY) key = NULL;
    if (context == NULL || EVP_PKEY_keygen_init(context) != 1 ||
        EVP_PKEY_keygen(context, &key) != 1)
        return set_crypto_error(error, "generating an ed25519 key");
    size_t seed_bytes = BASE_ED25519_SEED_BYTES;
    size_t public_bytes = BASE_ED25519_PUBLIC_BYTES;
    if (EVP_PKEY_get_raw_private_key(key, out_seed, &seed_bytes) != 1 ||
        EVP_PKEY_get_raw_public_key(key, out_public, &public_bytes) != 1)
        return set_crypto_error(error, "exporting an ed25519 key");
    return true;
}

bool base_ed25519_public(const uint8_t seed[static BASE_ED25519_SEED_BYTES],
                         uint8_t out_public[static BASE_ED25519_PUBLIC_BYTES], GError **error)
{
    g_autoptr(EVP_PKEY) key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, BASE_ED25519_SEED_BYTES);
    size_t public_bytes = BASE_ED25519_PUBLIC_BYTES;
    if (key == NULL || EVP_PKEY_get_raw_public_key(key, out_public, &public_bytes) != 1)
        return set_crypto_error(error, "deriving an ed25519 public key");
    return true;
}

bool base_ed25519_sign(const uint8_t seed[static BASE_ED25519_SEED_BYTES], const void *data,
                       size_t size_bytes,
                       uint8_t out_signature[static BASE_ED25519_SIGNATURE_BYTES], GError **error)
{
    g_autoptr(EVP_PKEY) key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, BASE_ED25519_SEED_BYTES);
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    size_t signature_bytes = BASE_ED25519_SIGNATURE_BYTES;
    if (key == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(context, out_signature, &signature_bytes, data, size_bytes) != 1)
        return set_crypto_error(error, "signing with ed25519");
    return true;
}

bool base_ed25519_verify(const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES],
                         const void *data, size_t size_bytes,
                         const uint8_t signature[static BASE_ED25519_SIGNATURE_BYTES])
{
    g_autoptr(EVP_PKEY) key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, BASE_ED25519_PUBLIC_BYTES);
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    bool ok =
        key != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestVerify(context, signature, BASE_ED25519_SIGNATURE_BYTES, data, size_bytes) == 1;
    ERR_clear_error();
    return ok;
}
