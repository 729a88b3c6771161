/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log-private.h"

G_BEGIN_DECLS

/**
 * BusSignedHead:
 * @size: how many events it covers
 * @root: their Merkle tree's hash
 * @time_us: when it was made
 * @key: id of the key that signed
 * @public_key: that key; to be compared with one that the reader trusts
 * @text: (owned): what was signed: canonical JSON of key, public, root, size and time
 * @signature: ed25519 over "atoll bus head\n" and @text
 *
 * What the log promises to keep: any later head has to be consistent with it.
 */
typedef struct {
    uint64_t size;
    uint8_t root[BASE_SHA256_BYTES];
    int64_t time_us;
    char key[BUS_KEY_ID_CHARS + 1];
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    char *text;
    uint8_t signature[BASE_ED25519_SIGNATURE_BYTES];
} BusSignedHead;

void bus_signed_head_free(BusSignedHead *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusSignedHead, bus_signed_head_free)

/** bus_head_sign_if_due: makes and stores a signed head of @head in the caller's transaction,
 * every %BUS_BLOCK_EVENTS events or minute, and notes it in @head */
bool bus_head_sign_if_due(BusLog *log, BusHead *head, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_head_make: (transfer full): the newest stored head when it covers the whole log,
 * else a new one, in a transaction of its own */
BusSignedHead *bus_signed_head_make(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_head_list: (transfer full) (element-type BusSignedHead): all that are stored, by
 * size */
GPtrArray *bus_signed_head_list(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_head_to_json: (transfer full): with "text" and "signature" */
JsonObject *bus_signed_head_to_json(const BusSignedHead *self);

/** bus_signed_head_from_json: (transfer full): the other way, with its signature checked against
 * the key that it names; whether that key is to be trusted is the caller's question */
BusSignedHead *bus_signed_head_from_json(JsonObject *object,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_signed_head_parse: (transfer full): from its text and signature; checks as above */
BusSignedHead *bus_signed_head_parse(const char *text,
                                     const uint8_t signature[static BASE_ED25519_SIGNATURE_BYTES],
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_tree_merkle: a #BusMerkle over the stored log; free what it points to with
 * bus_tree_free() */
typedef struct _BusTree BusTree;
BusTree *bus_tree_new(BusLog *log);
void bus_tree_free(BusTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusTree, bus_tree_free)
BusMerkle bus_tree_merkle(BusTree *self);

G_END_DECLS
