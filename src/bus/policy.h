/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/db.h"
#include "bus/event.h"

G_BEGIN_DECLS

#define BUS_KEY_ID_CHARS 16

/* The log's own topics: only its own functions publish them. */
#define BUS_TOPIC_OWN "org.atoll.prod.bus."
#define BUS_TOPIC_KEY_ADDED BUS_TOPIC_OWN "key.added"
#define BUS_TOPIC_KEY_ROTATED BUS_TOPIC_OWN "key.rotated"
#define BUS_TOPIC_KEY_REVOKED BUS_TOPIC_OWN "key.revoked"
#define BUS_TOPIC_GRANT_ADDED BUS_TOPIC_OWN "grant.added"
#define BUS_TOPIC_GRANT_REMOVED BUS_TOPIC_OWN "grant.removed"

/**
 * BusKey:
 * @id: first 16 hex digits of SHA-256 of the public key
 * @public_key: ed25519
 * @added: sequence number of the event that let it in
 * @ended: sequence number of the event that took it out, or 0
 */
typedef struct {
    char id[BUS_KEY_ID_CHARS + 1];
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    uint64_t added;
    uint64_t ended;
} BusKey;

/**
 * BusGrant:
 * @subject: (owned): "key:ID", or a glob for actors
 * @topics: (owned): a glob for topics
 */
typedef struct {
    char *subject;
    char *topics;
} BusGrant;

/**
 * BusPolicy:
 * @keys: (element-type utf8 BusKey): by id
 * @grants: (element-type BusGrant)
 *
 * Who may sign and publish what, as it stands after some event: what the log's own events, in
 * order, come to. The first event of a log lets its own signer in; all further ones need the
 * grant that their topic needs. A key may sign the topics that grants for it name. An actor whom
 * no grant names may publish what the key may; one whom grants name, only what they allow.
 */
typedef struct {
    GHashTable *keys;
    GPtrArray *grants;
} BusPolicy;

BusPolicy *bus_policy_new(void);
void bus_policy_free(BusPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusPolicy, bus_policy_free)

/** bus_policy_load: (transfer full): as the tables have it */
BusPolicy *bus_policy_load(BaseDb *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_policy_save: writes it into the tables, in the caller's transaction */
bool bus_policy_save(const BusPolicy *self, BaseDb *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_policy_is_change: whether events of @topic change a policy */
bool bus_policy_is_change(const char *topic);

/** bus_policy_apply: changes it as @event says (an event that bus_policy_is_change());
 * %BUS_ERROR_INVALID when what it says makes no sense */
bool bus_policy_apply(BusPolicy *self, const BusEvent *event,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_policy_check: whether @key is in, and may sign @topic for @actor; %BUS_ERROR_DENIED */
bool bus_policy_check(const BusPolicy *self, const char *key, const char *actor, const char *topic,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_policy_actor_has_grant: whether some grant names @actor and lets it publish @topic: for
 * actors who come over the network */
bool bus_policy_actor_has_grant(const BusPolicy *self, const char *actor, const char *topic);

/** bus_policy_key_id: the id of a public key */
void bus_policy_key_id(const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES],
                       char out_id[static BUS_KEY_ID_CHARS + 1]);

G_END_DECLS
