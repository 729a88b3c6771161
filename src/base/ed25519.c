/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ed25519 (RFC 8032) over OpenSSL's EVP interface, on raw 32-byte keys. libcrypto is loaded at the
 * first use: few runs of a program sign or verify anything, and all would pay for its start.
 */
#include "base/ed25519.h"

#include "base/error.h"
#include "base/library.h"

#include <openssl/err.h>
#include <openssl/evp.h>

/* What is called of libcrypto, by its own names. */
typedef struct {
    EVP_PKEY_CTX *(*pkey_ctx_new_id)(int id, ENGINE *engine);
    void (*pkey_ctx_free)(EVP_PKEY_CTX *context);
    int (*pkey_keygen_init)(EVP_PKEY_CTX *context);
    int (*pkey_keygen)(EVP_PKEY_CTX *context, EVP_PKEY **out_key);
    int (*pkey_get_raw_private_key)(const EVP_PKEY *key, unsigned char *bytes, size_t *size);
    int (*pkey_get_raw_public_key)(const EVP_PKEY *key, unsigned char *bytes, size_t *size);
    EVP_PKEY *(*pkey_new_raw_private_key)(int type, ENGINE *engine, const unsigned char *bytes,
                                          size_t size);
    EVP_PKEY *(*pkey_new_raw_public_key)(int type, ENGINE *engine, const unsigned char *bytes,
                                         size_t size);
    void (*pkey_free)(EVP_PKEY *key);
    EVP_MD_CTX *(*md_ctx_new)(void);
    void (*md_ctx_free)(EVP_MD_CTX *context);
    int (*digest_sign_init)(EVP_MD_CTX *context, EVP_PKEY_CTX **out, const EVP_MD *type,
                            ENGINE *engine, EVP_PKEY *key);
    int (*digest_sign)(EVP_MD_CTX *context, unsigned char *signature, size_t *size,
                       const unsigned char *data, size_t data_size);
    int (*digest_verify_init)(EVP_MD_CTX *context, EVP_PKEY_CTX **out, const EVP_MD *type,
                              ENGINE *engine, EVP_PKEY *key);
    int (*digest_verify)(EVP_MD_CTX *context, const unsigned char *signature, size_t size,
                         const unsigned char *data, size_t data_size);
    unsigned long (*get_error)(void);
    void (*error_string)(unsigned long code, char *text, size_t size);
    void (*clear_error)(void);
} Crypto;

static gpointer load(gpointer unused)
{
    static const char *const names[] = {"libcrypto.so.3", NULL};
    static Crypto self;
    const BaseLibraryFunction functions[] = {
        {"EVP_PKEY_CTX_new_id", &self.pkey_ctx_new_id},
        {"EVP_PKEY_CTX_free", &self.pkey_ctx_free},
        {"EVP_PKEY_keygen_init", &self.pkey_keygen_init},
        {"EVP_PKEY_keygen", &self.pkey_keygen},
        {"EVP_PKEY_get_raw_private_key", &self.pkey_get_raw_private_key},
        {"EVP_PKEY_get_raw_public_key", &self.pkey_get_raw_public_key},
        {"EVP_PKEY_new_raw_private_key", &self.pkey_new_raw_private_key},
        {"EVP_PKEY_new_raw_public_key", &self.pkey_new_raw_public_key},
        {"EVP_PKEY_free", &self.pkey_free},
        {"EVP_MD_CTX_new", &self.md_ctx_new},
        {"EVP_MD_CTX_free", &self.md_ctx_free},
        {"EVP_DigestSignInit", &self.digest_sign_init},
        {"EVP_DigestSign", &self.digest_sign},
        {"EVP_DigestVerifyInit", &self.digest_verify_init},
        {"EVP_DigestVerify", &self.digest_verify},
        {"ERR_get_error", &self.get_error},
        {"ERR_error_string_n", &self.error_string},
        {"ERR_clear_error", &self.clear_error},
    };
    (void)unused;
    return base_library_load(names, functions, G_N_ELEMENTS(functions)) ? &self : NULL;
}

static const Crypto *crypto(GError **error)
{
    static GOnce once = G_ONCE_INIT;
    const Crypto *self = g_once(&once, load, NULL);
    if (self == NULL)
        base_error_set(error, BASE_ERROR_FAILED,
                       "nothing can be signed or verified: there is no libcrypto.so.3; install the "
                       "package libssl3");
    return self;
}

/* These run at the end of a scope in which crypto() has not failed. */
static void free_key(EVP_PKEY *key)
{
    crypto(NULL)->pkey_free(key);
}

static void free_key_context(EVP_PKEY_CTX *context)
{
    crypto(NULL)->pkey_ctx_free(context);
}

static void free_context(EVP_MD_CTX *context)
{
    crypto(NULL)->md_ctx_free(context);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, free_key)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, free_key_context)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, free_context)

static bool set_crypto_error(const Crypto *self, GError **error, const char *what)
{
    char reason[256];
    self->error_string(self->get_error(), reason, sizeof reason);
    return base_error_set(error, BASE_ERROR_FAILED, "%s: %s", what, reason);
}

bool base_ed25519_generate(uint8_t out_seed[static BASE_ED25519_SEED_BYTES],
                           uint8_t out_public[static BASE_ED25519_PUBLIC_BYTES], GError **error)
{
    const Crypto *self = crypto(error);
    if (self == NULL)
        return false;
    g_autoptr(EVP_PKEY_CTX) context = self->pkey_ctx_new_id(EVP_PKEY_ED25519, NULL);
    g_autoptr(EVP_PKEY) key = NULL;
    if (context == NULL || self->pkey_keygen_init(context) != 1 ||
        self->pkey_keygen(context, &key) != 1)
        return set_crypto_error(self, error, "generating an ed25519 key");
    size_t seed_bytes = BASE_ED25519_SEED_BYTES;
    size_t public_bytes = BASE_ED25519_PUBLIC_BYTES;
    if (self->pkey_get_raw_private_key(key, out_seed, &seed_bytes) != 1 ||
        self->pkey_get_raw_public_key(key, out_public, &public_bytes) != 1)
        return set_crypto_error(self, error, "exporting an ed25519 key");
    return true;
}

bool base_ed25519_public(const uint8_t seed[static BASE_ED25519_SEED_BYTES],
                         uint8_t out_public[static BASE_ED25519_PUBLIC_BYTES], GError **error)
{
    const Crypto *self = crypto(error);
    if (self == NULL)
        return false;
    g_autoptr(EVP_PKEY) key =
        self->pkey_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, BASE_ED25519_SEED_BYTES);
    size_t public_bytes = BASE_ED25519_PUBLIC_BYTES;
    if (key == NULL || self->pkey_get_raw_public_key(key, out_public, &public_bytes) != 1)
        return set_crypto_error(self, error, "deriving an ed25519 public key");
    return true;
}

bool base_ed25519_sign(const uint8_t seed[static BASE_ED25519_SEED_BYTES], const void *data,
                       size_t size_bytes,
                       uint8_t out_signature[static BASE_ED25519_SIGNATURE_BYTES], GError **error)
{
    const Crypto *self = crypto(error);
    if (self == NULL)
        return false;
    g_autoptr(EVP_PKEY) key =
        self->pkey_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, BASE_ED25519_SEED_BYTES);
    g_autoptr(EVP_MD_CTX) context = self->md_ctx_new();
    size_t signature_bytes = BASE_ED25519_SIGNATURE_BYTES;
    if (key == NULL || self->digest_sign_init(context, NULL, NULL, NULL, key) != 1 ||
        self->digest_sign(context, out_signature, &signature_bytes, data, size_bytes) != 1)
        return set_crypto_error(self, error, "signing with ed25519");
    return true;
}

bool base_ed25519_verify(const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES],
                         const void *data, size_t size_bytes,
                         const uint8_t signature[static BASE_ED25519_SIGNATURE_BYTES])
{
    const Crypto *self = crypto(NULL);
    if (self == NULL)
        return false;
    g_autoptr(EVP_PKEY) key = self->pkey_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key,
                                                            BASE_ED25519_PUBLIC_BYTES);
    g_autoptr(EVP_MD_CTX) context = self->md_ctx_new();
    bool ok = key != NULL && self->digest_verify_init(context, NULL, NULL, NULL, key) == 1 &&
              self->digest_verify(context, signature, BASE_ED25519_SIGNATURE_BYTES, data,
                                  size_bytes) == 1;
    self->clear_error();
    return ok;
}
