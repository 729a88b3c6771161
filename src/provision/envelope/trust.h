/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define PROVISION_TRUST_PREFIX "#atoll-signature: "

/**
 * ProvisionTrust:
 *
 * The public keys in the image. With one there, configuration is taken only when it is signed by
 * one of them. A signature is the last line of what it signs, "#atoll-signature: BASE64", over all
 * bytes before that line: a comment to cloud-init and to shells, behind the end of MIME and JSON.
 */
typedef struct _ProvisionTrust ProvisionTrust;

/**
 * provision_trust_load:
 * @root: descriptor of the root directory
 * @error: a key file that cannot be read or understood: nothing is trusted then
 *
 * Reads usr/lib/atoll/provision/trusted.ed25519.d and etc/atoll/provision/trusted.ed25519.d: one
 * public key a line, base64; lines that begin with # are comments.
 */
ProvisionTrust *provision_trust_load(int root, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_trust_new: of no key; provision_trust_add_key() adds one */
ProvisionTrust *provision_trust_new(void);

/** provision_trust_add_key: adds the public key @base64 */
bool provision_trust_add_key(ProvisionTrust *self, const char *base64,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

void provision_trust_free(ProvisionTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionTrust, provision_trust_free)

/** provision_trust_is_required: whether there is a key, so that configuration must be signed */
bool provision_trust_is_required(const ProvisionTrust *self);

/**
 * provision_trust_check:
 * @self: (nullable): keys
 * @source: what @bytes are, for messages
 * @bytes: a configuration, with a signature at its end or without
 * @out_signed: whether a key of @self has signed it
 * @error: %PROVISION_ERROR_REFUSED: a signature that no key of @self made
 *
 * Returns: (transfer full): @bytes without the signature. Without keys a signature is taken off and
 *   means nothing.
 */
GBytes *provision_trust_check(const ProvisionTrust *self, const char *source, GBytes *bytes,
                              bool *out_signed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_trust_sign:
 * @bytes: a configuration; a signature that it has is replaced
 * @secret: the secret key: base64 of the 32-byte seed, or of seed and public key (as ostree's)
 * @error: return location
 *
 * Returns: (transfer full): @bytes with a signature at the end
 */
GBytes *provision_trust_sign(GBytes *bytes, const char *secret,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
