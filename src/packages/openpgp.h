/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * PackagesOpenpgpKey:
 * @id: (owned): key ID of the primary key, 16 lower-case hex digits
 * @subkeys: (owned): those of its subkeys
 * @user: (owned) (nullable): the first user ID
 * @expires_seconds: when the primary key expires (Unix time); 0 for never
 * @revoked: its owner took it back
 * @packets: (owned): all of its packets
 *
 * One certificate of a keyring (RFC 4880, 11.1).
 */
typedef struct {
    char *id;
    GPtrArray *subkeys;
    char *user;
    int64_t expires_seconds;
    bool revoked;
    GBytes *packets;
} PackagesOpenpgpKey;

void packages_openpgp_key_free(PackagesOpenpgpKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesOpenpgpKey, packages_openpgp_key_free)

/**
 * packages_openpgp_read_keys:
 * @keyring: an OpenPGP keyring, binary
 *
 * Reads what a keyring says about its keys without checking any signature: it is for
 * keyrings that are trusted already, to know which of their keys are still good. Packets
 * that cannot be read end it.
 *
 * Returns: (transfer full) (element-type PackagesOpenpgpKey): its keys
 */
GPtrArray *packages_openpgp_read_keys(GBytes *keyring);

G_END_DECLS
