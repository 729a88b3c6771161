/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/keys.h"

G_BEGIN_DECLS

/**
 * HostSignature:
 * @HOST_SIGNATURE_GOOD: signed by a trusted key that is not revoked
 * @HOST_SIGNATURE_NONE: not signed
 * @HOST_SIGNATURE_UNTRUSTED: signed, but no signature is right and of a trusted key
 * @HOST_SIGNATURE_REVOKED: the only right signatures are of revoked keys
 * @HOST_SIGNATURE_NO_KEYS: signed or not, there is no trusted key to hold against it
 */
typedef enum {
    HOST_SIGNATURE_GOOD,
    HOST_SIGNATURE_NONE,
    HOST_SIGNATURE_UNTRUSTED,
    HOST_SIGNATURE_REVOKED,
    HOST_SIGNATURE_NO_KEYS,
} HostSignature;

/** host_signature_name: "good", "none", "untrusted", "revoked", "no-keys" */
const char *host_signature_name(HostSignature self);

/**
 * host_verify_commit:
 * @keys: of the image that runs
 * @commit: the commit object
 * @detached: (nullable): its detached metadata, a{sv}, whose ‘ostree.sign.ed25519’ is aay
 * @out_key: (out) (optional) (transfer full) (nullable): base64 of the key of a good signature
 */
HostSignature host_verify_commit(const HostKeys *keys, GVariant *commit, GVariant *detached,
                                 char **out_key);

G_END_DECLS
