/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define BASE_SHA256_BYTES 32
#define BASE_SHA256_HEX_CHARS 64
#define BASE_SHA1_BYTES 20

/**
 * BaseSha256:
 *
 * A running SHA-256 (FIPS 180-4), by OpenSSL, which uses the processor's own instructions
 * where GChecksum does not.
 */
typedef struct _BaseSha256 BaseSha256;

BaseSha256 *base_sha256_new(void);
void base_sha256_free(BaseSha256 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseSha256, base_sha256_free)

/** base_sha256_update: feeds @size_bytes bytes of @data */
void base_sha256_update(BaseSha256 *self, const void *data, size_t size_bytes);

/** base_sha256_finish: puts the digest into @out_digest and readies @self for a new message */
void base_sha256_finish(BaseSha256 *self, uint8_t out_digest[static BASE_SHA256_BYTES]);

/** base_sha256_finish_hex: as base_sha256_finish(), as 64 lower-case hex digits and a NUL */
void base_sha256_finish_hex(BaseSha256 *self, char out_hex[static BASE_SHA256_HEX_CHARS + 1]);

/**
 * base_sha256_hex:
 * @data: a message
 * @size_bytes: its length
 *
 * Returns: (transfer full): its digest in lower-case hex
 */
char *base_sha256_hex(const void *data, size_t size_bytes);

/**
 * base_sha256_hex_of_fd:
 * @fd: read from its current offset to its end
 * @error: return location
 *
 * Returns: (transfer full): the digest in lower-case hex
 */
char *base_sha256_hex_of_fd(int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_digest_both_of_fd:
 * @fd: read from its current offset to its end
 * @out_sha1: its SHA-1, which some formats still ask for
 * @out_sha256: its SHA-256
 * @error: return location
 *
 * Digests a file twice in one pass.
 */
bool base_digest_both_of_fd(int fd, uint8_t out_sha1[static BASE_SHA1_BYTES],
                            uint8_t out_sha256[static BASE_SHA256_BYTES],
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_digest_sha1_hex: (transfer full): SHA-1 of @size_bytes bytes of @data, in hex */
char *base_digest_sha1_hex(const void *data, size_t size_bytes);

/** base_digest_to_hex: writes 2 * @size_bytes lower-case hex digits and a NUL */
void base_digest_to_hex(const uint8_t *bytes, size_t size_bytes, char *out_hex);

/** base_digest_is_sha256_hex: %TRUE for exactly 64 lower-case hex digits */
bool base_digest_is_sha256_hex(const char *text);

G_END_DECLS
