/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SHA-256 by OpenSSL, and its textual form. Its older interface: for what is as short as most that
 * is hashed here, the EVP one takes longer to begin and end than to hash.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include "base/error.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

struct _BaseSha256 {
    SHA256_CTX context;
};

/* None of these fails: what could is a context of SHA-224. */
static void start(BaseSha256 *self)
{
    if (SHA256_Init(&self->context) != 1)
        g_error("cannot initialise SHA-256");
}

BaseSha256 *base_sha256_new(void)
{
    BaseSha256 *self = g_new(BaseSha256, 1);
    start(self);
    return self;
}

void base_sha256_free(BaseSha256 *self)
{
    g_free(self);
}

void base_sha256_update(BaseSha256 *self, const void *data, size_t size_bytes)
{
    if (SHA256_Update(&self->context, data, size_bytes) != 1)
        g_error("cannot update SHA-256");
}

void base_sha256_finish(BaseSha256 *self, uint8_t out_digest[static BASE_SHA256_BYTES])
{
    if (SHA256_Final(out_digest, &self->context) != 1)
        g_error("cannot finish SHA-256");
    start(self);
}

void base_sha256_finish_hex(BaseSha256 *self, char out_hex[static BASE_SHA256_HEX_CHARS + 1])
{
    uint8_t digest[BASE_SHA256_BYTES];
    base_sha256_finish(self, digest);
    base_digest_to_hex(digest, sizeof digest, out_hex);
}

char *base_sha256_hex(const void *data, size_t size_bytes)
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    base_sha256_update(sha256, data, size_bytes);
    char *hex = g_malloc(BASE_SHA256_HEX_CHARS + 1);
    base_sha256_finish_hex(sha256, hex);
    return hex;
}

char *base_sha256_hex_of_fd(int fd, GError **error)
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    g_autofree uint8_t *buffer = g_malloc(128 * 1024);
    for (;;) {
        ssize_t n = read(fd, buffer, 128 * 1024);
        if (n == 0)
            break;
        if (n > 0)
            base_sha256_update(sha256, buffer, (size_t)n);
        else if (errno != EINTR)
            return base_error_set_errno(error, errno, "reading"), NULL;
    }
    char *hex = g_malloc(BASE_SHA256_HEX_CHARS + 1);
    base_sha256_finish_hex(sha256, hex);
    return hex;
}

bool base_digest_both_of_fd(int fd, uint8_t out_sha1[static BASE_SHA1_BYTES],
                            uint8_t out_sha256[static BASE_SHA256_BYTES], GError **error)
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    EVP_MD_CTX *sha1 = EVP_MD_CTX_new();
    if (EVP_DigestInit_ex(sha1, EVP_sha1(), NULL) != 1)
        g_error("cannot initialise SHA-1");
    g_autofree uint8_t *buffer = g_malloc(128 * 1024);
    ssize_t n = 0;
    do {
        n = read(fd, buffer, 128 * 1024);
        if (n > 0) {
            base_sha256_update(sha256, buffer, (size_t)n);
            if (EVP_DigestUpdate(sha1, buffer, (size_t)n) != 1)
                g_error("cannot update SHA-1");
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    int saved_errno = errno;
    unsigned size_bytes = BASE_SHA1_BYTES;
    if (n == 0 && EVP_DigestFinal_ex(sha1, out_sha1, &size_bytes) != 1)
        g_error("cannot finish SHA-1");
    EVP_MD_CTX_free(sha1);
    if (n < 0)
        return base_error_set_errno(error, saved_errno, "reading");
    base_sha256_finish(sha256, out_sha256);
    return true;
}

char *base_digest_sha1_hex(const void *data, size_t size_bytes)
{
    uint8_t digest[BASE_SHA1_BYTES];
    unsigned digest_bytes = sizeof digest;
    if (EVP_Digest(data, size_bytes, digest, &digest_bytes, EVP_sha1(), NULL) != 1)
        g_error("cannot compute SHA-1");
    char *hex = g_malloc(2 * sizeof digest + 1);
    base_digest_to_hex(digest, sizeof digest, hex);
    return hex;
}

void base_digest_to_hex(const uint8_t *bytes, size_t size_bytes, char *out_hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size_bytes; i++) {
        out_hex[2 * i] = digits[bytes[i] >> 4];
        out_hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    out_hex[2 * size_bytes] = '\0';
}

bool base_digest_is_sha256_hex(const char *text)
{
    return strlen(text) == BASE_SHA256_HEX_CHARS &&
           strspn(text, "0123456789abcdef") == BASE_SHA256_HEX_CHARS;
}
