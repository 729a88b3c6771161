/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ed25519.h"

G_BEGIN_DECLS

/**
 * HostKeys:
 * @trusted: (element-type GBytes): public keys whose signatures count
 * @revoked: (element-type GBytes): public keys whose signatures never do, trusted or not
 *
 * The ed25519 keys of an image, in libostree's own places and format:
 * /usr/share/ostree and /etc/ostree, files trusted.ed25519 and revoked.ed25519 and all files in
 * trusted.ed25519.d/ and revoked.ed25519.d/; one base64 key a line.
 */
typedef struct {
    GPtrArray *trusted;
    GPtrArray *revoked;
} HostKeys;

/**
 * host_keys_load:
 * @root_dfd: root directory of a deployment
 * @error: a malformed line, with file and line: a revocation must not be lost to a typo
 */
HostKeys *host_keys_load(int root_dfd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void host_keys_free(HostKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostKeys, host_keys_free)

/** host_keys_new: no keys yet */
HostKeys *host_keys_new(void);

/**
 * host_keys_parse:
 * @text: contents of a key file
 * @size_bytes: its length
 * @name: of the file, for messages
 * @keys: (element-type GBytes): gets the keys
 * @error: names file and line
 *
 * Blank lines and lines that begin with # are skipped.
 */
bool host_keys_parse(const char *text, size_t size_bytes, const char *name, GPtrArray *keys,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_keys_contains: whether @public_key is among @keys */
bool host_keys_contains(const GPtrArray *keys, GBytes *public_key);

G_END_DECLS
