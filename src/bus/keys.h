/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"
#include "bus/policy.h"

G_BEGIN_DECLS

/** bus_keys_policy: (transfer full): keys and grants as they stand now */
BusPolicy *bus_keys_policy(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_keys_public: the public key that this log signs with, in hex */
void bus_keys_public(const BusLog *log, char out_hex[static 2 * BASE_ED25519_PUBLIC_BYTES + 1]);

/**
 * bus_keys_add:
 * @public_hex: another machine's public key, 64 hex digits
 * @topics: globs that it may sign
 *
 * Lets a key in, as an event that this log's key signs.
 */
bool bus_keys_add(BusLog *log, const char *public_hex, const char *const *topics, const char *actor,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_keys_revoke: takes a key out: what it signs after this event is forged */
bool bus_keys_revoke(BusLog *log, const char *key, const char *actor,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_keys_rotate:
 *
 * Makes a new key and lets it follow this log's: an event that the old key signs, with a proof
 * that the new one signs. The new key is on the disk before the event is in the log, and takes
 * the old one's place after it; a crash between the two is mended by the next bus_log_open().
 */
bool bus_keys_rotate(BusLog *log, const char *actor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_keys_grant: lets @subject ("key:ID", or a glob for actors) publish @topics (a glob) */
bool bus_keys_grant(BusLog *log, const char *subject, const char *topics, const char *actor,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_keys_ungrant: takes a grant back */
bool bus_keys_ungrant(BusLog *log, const char *subject, const char *topics, const char *actor,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
