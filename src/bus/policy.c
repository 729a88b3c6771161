/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys and grants: what the log's own events come to. The tables are a copy for appending;
 * bus_verify() replays the events.
 */
#include "bus/policy.h"

#include "bus/canonical.h"
#include "bus/signed.h"

#include <sodium.h>
#include <string.h>

static void free_grant(gpointer data)
{
    BusGrant *grant = data;
    g_free(grant->subject);
    g_free(grant->topics);
    g_free(grant);
}

BusPolicy *bus_policy_new(void)
{
    BusPolicy *self = g_new0(BusPolicy, 1);
    self->keys = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    self->grants = g_ptr_array_new_with_free_func(free_grant);
    return self;
}

void bus_policy_free(BusPolicy *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->keys);
    g_ptr_array_unref(self->grants);
    g_free(self);
}

void bus_policy_key_id(const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES],
                       char out_id[static BUS_KEY_ID_CHARS + 1])
{
    g_autofree char *hex = base_sha256_hex(public_key, BASE_ED25519_PUBLIC_BYTES);
    memcpy(out_id, hex, BUS_KEY_ID_CHARS);
    out_id[BUS_KEY_ID_CHARS] = '\0';
}

static BusKey *add_key(BusPolicy *self, const uint8_t public_key[BASE_ED25519_PUBLIC_BYTES],
                       uint64_t seq)
{
    BusKey *key = g_new0(BusKey, 1);
    memcpy(key->public_key, public_key, BASE_ED25519_PUBLIC_BYTES);
    bus_policy_key_id(public_key, key->id);
    key->added = seq;
    g_hash_table_replace(self->keys, key->id, key);
    return key;
}

static bool find_grant(const BusPolicy *self, const char *subject, const char *topics,
                       guint *out_index)
{
    for (guint i = 0; i < self->grants->len; i++) {
        const BusGrant *grant = self->grants->pdata[i];
        if (strcmp(grant->subject, subject) == 0 && strcmp(grant->topics, topics) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static void add_grant(BusPolicy *self, const char *subject, const char *topics)
{
    guint index = 0;
    if (find_grant(self, subject, topics, &index))
        return;
    BusGrant *grant = g_new0(BusGrant, 1);
    grant->subject = g_strdup(subject);
    grant->topics = g_strdup(topics);
    g_ptr_array_add(self->grants, grant);
}

static bool load_keys(BusPolicy *self, BaseDb *db, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(db, "SELECT public, added, ended FROM bus_key ORDER BY added", error);
    bool row = true;
    while (statement != NULL && base_db_step(statement, &row, error)) {
        if (!row)
            return true;
        size_t size_bytes = 0;
        const void *public_key = base_db_column_blob(statement, "public", &size_bytes);
        if (size_bytes != BASE_ED25519_PUBLIC_BYTES)
            continue;
        BusKey *key = add_key(self, public_key, (uint64_t)base_db_column_int(statement, "added"));
        if (!base_db_column_is_null(statement, "ended"))
            key->ended = (uint64_t)base_db_column_int(statement, "ended");
    }
    return false;
}

static bool load_grants(BusPolicy *self, BaseDb *db, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db, "SELECT subject, topics FROM bus_grant ORDER BY added, subject, topics", error);
    bool row = true;
    while (statement != NULL && base_db_step(statement, &row, error)) {
        if (!row)
            return true;
        add_grant(self, base_db_column_text(statement, "subject"),
                  base_db_column_text(statement, "topics"));
    }
    return false;
}

BusPolicy *bus_policy_load(BaseDb *db, GError **error)
{
    g_autoptr(BusPolicy) self = bus_policy_new();
    if (!load_keys(self, db, error) || !load_grants(self, db, error))
        return NULL;
    return g_steal_pointer(&self);
}

static bool save_key(const BusKey *key, BaseDb *db, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db, "INSERT INTO bus_key (id, public, added, ended) VALUES (?1, ?2, ?3, ?4)", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, key->id);
    base_db_bind_blob(statement, 2, key->public_key, sizeof key->public_key);
    base_db_bind_int(statement, 3, (int64_t)key->added);
    if (key->ended != 0)
        base_db_bind_int(statement, 4, (int64_t)key->ended);
    else
        base_db_bind_text(statement, 4, NULL);
    return base_db_run(statement, NULL, error);
}

bool bus_policy_save(const BusPolicy *self, BaseDb *db, GError **error)
{
    if (!base_db_exec(db, "DELETE FROM bus_key", error) ||
        !base_db_exec(db, "DELETE FROM bus_grant", error))
        return false;
    GHashTableIter iter;
    gpointer key = NULL;
    g_hash_table_iter_init(&iter, self->keys);
    while (g_hash_table_iter_next(&iter, NULL, &key)) {
        if (!save_key(key, db, error))
            return false;
    }
    for (guint i = 0; i < self->grants->len; i++) {
        const BusGrant *grant = self->grants->pdata[i];
        BaseDbStatement *statement = base_db_prepare(
            db, "INSERT INTO bus_grant (subject, topics, added) VALUES (?1, ?2, ?3)", error);
        if (statement == NULL)
            return false;
        base_db_bind_text(statement, 1, grant->subject);
        base_db_bind_text(statement, 2, grant->topics);
        base_db_bind_int(statement, 3, i);
        if (!base_db_run(statement, NULL, error))
            return false;
    }
    return true;
}

bool bus_policy_is_change(const char *topic)
{
    return g_str_has_prefix(topic, BUS_TOPIC_OWN "key.") ||
           g_str_has_prefix(topic, BUS_TOPIC_OWN "grant.");
}

static bool set_invalid(GError **error, const BusEvent *event, const char *what)
{
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "event %" G_GUINT64_FORMAT ", %s: %s",
                event->seq, event->topic, what);
    return false;
}

static const char *get_text(JsonObject *body, const char *name)
{
    JsonNode *node = json_object_get_member(body, name);
    const char *text =
        node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    return text != NULL ? text : "";
}

static bool apply_key_added(BusPolicy *self, const BusEvent *event, JsonObject *body,
                            GError **error)
{
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    JsonNode *topics = json_object_get_member(body, "topics");
    if (!bus_signed_read_hex(get_text(body, "public"), public_key, sizeof public_key) ||
        topics == NULL || !JSON_NODE_HOLDS_ARRAY(topics))
        return set_invalid(error, event, "wanted ‘public’ and ‘topics’");
    char id[BUS_KEY_ID_CHARS + 1];
    bus_policy_key_id(public_key, id);
    const BusKey *known = g_hash_table_lookup(self->keys, id);
    if (known != NULL)
        return set_invalid(error, event,
                           known->ended == 0 ? "the key is in already"
                                             : "the key was taken out: it stays out");
    (void)add_key(self, public_key, event->seq);
    g_autofree char *subject = g_strconcat("key:", id, NULL);
    JsonArray *array = json_node_get_array(topics);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        const char *glob = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
        if (glob == NULL)
            return set_invalid(error, event, "‘topics’ has to hold strings");
        add_grant(self, subject, glob);
    }
    return true;
}

/* The new key signs that it is the successor: nobody can rotate to a key that is not theirs. */
static bool apply_key_rotated(BusPolicy *self, const BusEvent *event, JsonObject *body,
                              GError **error)
{
    uint8_t public_key[BASE_ED25519_PUBLIC_BYTES];
    uint8_t proof[BASE_ED25519_SIGNATURE_BYTES];
    const char *statement = get_text(body, "statement");
    if (!bus_signed_read_hex(get_text(body, "public"), public_key, sizeof public_key) ||
        !bus_signed_read_hex(get_text(body, "proof"), proof, sizeof proof))
        return set_invalid(error, event, "wanted ‘public’ and ‘proof’");
    char id[BUS_KEY_ID_CHARS + 1];
    bus_policy_key_id(public_key, id);
    g_autofree char *wanted = g_strdup_printf("atoll bus key %s follows %s", id, event->key);
    if (strcmp(statement, wanted) != 0 ||
        crypto_sign_ed25519_verify_detached(proof, (const unsigned char *)statement,
                                            strlen(statement), public_key) != 0)
        return set_invalid(error, event, "the new key did not sign that it follows the old one");
    BusKey *old = g_hash_table_lookup(self->keys, event->key);
    if (old == NULL || old->ended != 0 || g_hash_table_contains(self->keys, id))
        return set_invalid(error, event, "the old key is not in, or the new one was already");
    old->ended = event->seq;
    (void)add_key(self, public_key, event->seq);
    g_autofree char *from = g_strconcat("key:", event->key, NULL);
    g_autofree char *to = g_strconcat("key:", id, NULL);
    guint n = self->grants->len;
    for (guint i = 0; i < n; i++) {
        const BusGrant *grant = self->grants->pdata[i];
        if (strcmp(grant->subject, from) == 0)
            add_grant(self, to, grant->topics);
    }
    return true;
}

static bool apply_key_revoked(BusPolicy *self, const BusEvent *event, JsonObject *body,
                              GError **error)
{
    BusKey *key = g_hash_table_lookup(self->keys, get_text(body, "key"));
    if (key == NULL || key->ended != 0)
        return set_invalid(error, event, "the key is not in");
    key->ended = event->seq;
    return true;
}

static bool apply_grant(BusPolicy *self, const BusEvent *event, JsonObject *body, GError **error)
{
    const char *subject = get_text(body, "subject");
    const char *topics = get_text(body, "topics");
    if (subject[0] == '\0' || topics[0] == '\0')
        return set_invalid(error, event, "wanted ‘subject’ and ‘topics’");
    guint index = 0;
    bool known = find_grant(self, subject, topics, &index);
    if (strcmp(event->topic, BUS_TOPIC_GRANT_ADDED) == 0) {
        if (known)
            return set_invalid(error, event, "there is that grant already");
        add_grant(self, subject, topics);
        return true;
    }
    if (!known)
        return set_invalid(error, event, "there is no such grant");
    g_ptr_array_remove_index(self->grants, index);
    return true;
}

bool bus_policy_apply(BusPolicy *self, const BusEvent *event, GError **error)
{
    static const struct {
        const char *topic;
        bool (*apply)(BusPolicy *self, const BusEvent *event, JsonObject *body, GError **error);
    } changes[] = {
        {BUS_TOPIC_KEY_ADDED, apply_key_added},     {BUS_TOPIC_KEY_ROTATED, apply_key_rotated},
        {BUS_TOPIC_KEY_REVOKED, apply_key_revoked}, {BUS_TOPIC_GRANT_ADDED, apply_grant},
        {BUS_TOPIC_GRANT_REMOVED, apply_grant},
    };
    g_autoptr(JsonNode) node =
        event->body != NULL ? bus_canonical_parse(event->body, strlen(event->body), NULL) : NULL;
    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return set_invalid(error, event, "it has no body");
    for (unsigned i = 0; i < G_N_ELEMENTS(changes); i++) {
        if (strcmp(changes[i].topic, event->topic) == 0)
            return changes[i].apply(self, event, json_node_get_object(node), error);
    }
    return set_invalid(error, event, "an unknown topic of the log's own");
}

bool bus_policy_actor_has_grant(const BusPolicy *self, const char *actor, const char *topic)
{
    for (guint i = 0; i < self->grants->len; i++) {
        const BusGrant *grant = self->grants->pdata[i];
        if (!g_str_has_prefix(grant->subject, "key:") && bus_topic_matches(grant->subject, actor) &&
            bus_topic_matches(grant->topics, topic))
            return true;
    }
    return false;
}

static bool actor_may(const BusPolicy *self, const char *actor, const char *topic)
{
    bool named = false;
    for (guint i = 0; i < self->grants->len && !named; i++) {
        const BusGrant *grant = self->grants->pdata[i];
        named =
            !g_str_has_prefix(grant->subject, "key:") && bus_topic_matches(grant->subject, actor);
    }
    return !named || bus_policy_actor_has_grant(self, actor, topic);
}

static bool key_may(const BusPolicy *self, const char *key, const char *topic)
{
    for (guint i = 0; i < self->grants->len; i++) {
        const BusGrant *grant = self->grants->pdata[i];
        if (g_str_has_prefix(grant->subject, "key:") && strcmp(grant->subject + 4, key) == 0 &&
            bus_topic_matches(grant->topics, topic))
            return true;
    }
    return false;
}

bool bus_policy_check(const BusPolicy *self, const char *key, const char *actor, const char *topic,
                      GError **error)
{
    const BusKey *known = g_hash_table_lookup(self->keys, key);
    if (known == NULL)
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED,
                    "key %s is not in the log; one that is lets it in: atoll bus key add", key);
    else if (known->ended != 0)
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED,
                    "key %s was taken out of the log by event %" G_GUINT64_FORMAT, key,
                    known->ended);
    else if (!key_may(self, key, topic))
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED,
                    "no grant lets key %s sign topic ‘%s’; atoll bus grant add key:%s TOPICS", key,
                    topic, key);
    else if (!actor_may(self, actor, topic))
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED,
                    "no grant lets actor ‘%s’ publish topic ‘%s’; atoll bus grant add ACTOR TOPICS",
                    actor, topic);
    else
        return true;
    return false;
}
