/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ed25519.h"
#include "store/error.h"

#include <ostree.h>

G_BEGIN_DECLS

/** STORE_SIGN_METADATA_KEY: where OSTree keeps ed25519 signatures in detached metadata: aay */
#define STORE_SIGN_METADATA_KEY "ostree.sign.ed25519"

/**
 * StoreKey:
 * @seed: private half
 * @public_key: public half
 */
typedef struct {
    uint8_t seed[BASE_ED25519_SEED_BYTES];
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
} StoreKey;

/**
 * store_key_load:
 * @state_dir: the state directory
 * @out_key: the key
 * @error: return location
 *
 * Loads keys/signing.ed25519 (base64 of seed and public key, as ‘ostree sign’ takes it), and
 * makes it, mode 0600, with signing.ed25519.pub beside it, when there is none.
 */
bool store_key_load(const char *state_dir, StoreKey *out_key,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** store_key_public_text: (transfer full): base64 of the public key, one line */
char *store_key_public_text(const StoreKey *key);

/**
 * store_sign_commit:
 * @repo: the repo that has the commit
 * @commit: its checksum in hex
 * @key: signs it
 * @cancellable: (nullable)
 * @error: return location
 *
 * Adds a signature over the commit object's bytes to the commit's detached metadata, in the
 * form of libostree's ed25519 engine (which not every libostree is built with).
 */
bool store_sign_commit(OstreeRepo *repo, const char *commit, const StoreKey *key,
                       GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
