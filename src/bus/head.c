/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signed heads: size and root of the log's Merkle tree, signed.
 */
#include "bus/head.h"

#include "bus/canonical.h"
#include "bus/signed.h"

#include <sodium.h>
#include <string.h>

#define HEAD_EVERY_US (60 * G_USEC_PER_SEC)
/* What is signed begins with this, so that no head can be passed off as an event. */
#define DOMAIN "atoll bus head\n"

void bus_signed_head_free(BusSignedHead *self)
{
    if (self == NULL)
        return;
    g_free(self->text);
    g_free(self);
}

static char *print_text(const BusSignedHead *self)
{
    char root[2 * BASE_SHA256_BYTES + 1];
    char public_key[2 * BASE_ED25519_PUBLIC_BYTES + 1];
    g_autofree char *time = bus_time_print(self->time_us);
    base_digest_to_hex(self->root, sizeof self->root, root);
    base_digest_to_hex(self->public_key, sizeof self->public_key, public_key);
    return g_strdup_printf("{\"key\":\"%s\",\"public\":\"%s\",\"root\":\"%s\",\"size\":"
                           "%" G_GUINT64_FORMAT ",\"time\":\"%s\"}",
                           self->key, public_key, root, self->size, time);
}

static bool store(BusLog *log, const BusSignedHead *self, GError **error)
{
    BaseDbStatement *statement =
        base_db_prepare(log->db,
                        "INSERT INTO bus_signed_head (size, text, signature) VALUES (?1, ?2, ?3) "
                        "ON CONFLICT (size) DO NOTHING",
                        error);
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, (int64_t)self->size);
    base_db_bind_text(statement, 2, self->text);
    base_db_bind_blob(statement, 3, self->signature, sizeof self->signature);
    return base_db_run(statement, NULL, error);
}

static BusSignedHead *make(BusLog *log, BusHead *head, GError **error)
{
    g_autoptr(BusSignedHead) self = g_new0(BusSignedHead, 1);
    self->size = head->seq;
    self->time_us = MAX(log->clock(), head->logged_us);
    g_strlcpy(self->key, log->key, sizeof self->key);
    memcpy(self->public_key, log->secret + BASE_ED25519_SEED_BYTES, sizeof self->public_key);
    bus_frontier_root(&head->frontier, log->sha256, self->root);
    self->text = print_text(self);
    g_autofree char *message = g_strconcat(DOMAIN, self->text, NULL);
    (void)crypto_sign_ed25519_detached(self->signature, NULL, (const unsigned char *)message,
                                       strlen(message), log->secret);
    if (!store(log, self, error))
        return NULL;
    head->signed_seq = head->seq;
    head->signed_us = self->time_us;
    return g_steal_pointer(&self);
}

bool bus_head_sign_if_due(BusLog *log, BusHead *head, GError **error)
{
    bool due = head->seq / BUS_BLOCK_EVENTS != head->signed_seq / BUS_BLOCK_EVENTS ||
               head->logged_us - head->signed_us >= HEAD_EVERY_US;
    if (!due)
        return true;
    g_autoptr(BusSignedHead) self = make(log, head, error);
    return self != NULL;
}

BusSignedHead *bus_signed_head_parse(const char *text,
                                     const uint8_t signature[static BASE_ED25519_SIGNATURE_BYTES],
                                     GError **error)
{
    g_autoptr(BusSignedHead) self = g_new0(BusSignedHead, 1);
    char public_key[65];
    char root[65];
    char time[28];
    int end = 0;
    bool ok = strlen(text) < 512 &&
              sscanf(text,
                     "{\"key\":\"%16[0-9a-f]\",\"public\":\"%64[0-9a-f]\",\"root\":\"%64[0-9a-f]\","
                     "\"size\":%" G_GUINT64_FORMAT ",\"time\":\"%27[0-9TZ:.-]\"}%n",
                     self->key, public_key, root, &self->size, time, &end) == 5 &&
              end > 0 && bus_signed_read_hex(public_key, self->public_key, 32) &&
              bus_signed_read_hex(root, self->root, 32) && bus_time_parse(time, &self->time_us);
    if (ok) {
        self->text = print_text(self);
        ok = strcmp(self->text, text) == 0;
    }
    if (!ok) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "a signed head is not of the form {key, public, root, size, time}");
        return NULL;
    }
    char id[BUS_KEY_ID_CHARS + 1];
    bus_policy_key_id(self->public_key, id);
    g_autofree char *message = g_strconcat(DOMAIN, text, NULL);
    memcpy(self->signature, signature, sizeof self->signature);
    if (strcmp(id, self->key) != 0 ||
        crypto_sign_ed25519_verify_detached(signature, (const unsigned char *)message,
                                            strlen(message), self->public_key) != 0) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "the signature of the head of size %" G_GUINT64_FORMAT " is forged",
                    self->size);
        return NULL;
    }
    return g_steal_pointer(&self);
}

GPtrArray *bus_signed_head_list(BusLog *log, GError **error)
{
    g_autoptr(GPtrArray) heads =
        g_ptr_array_new_with_free_func((GDestroyNotify)bus_signed_head_free);
    BaseDbStatement *statement = base_db_prepare(
        log->db, "SELECT text, signature FROM bus_signed_head ORDER BY size", error);
    bool row = true;
    while (statement != NULL && base_db_step(statement, &row, error)) {
        if (!row)
            return g_steal_pointer(&heads);
        size_t size_bytes = 0;
        const char *text = base_db_column_text(statement, "text");
        const void *signature = base_db_column_blob(statement, "signature", &size_bytes);
        uint8_t bytes[BASE_ED25519_SIGNATURE_BYTES] = {0};
        if (signature != NULL && size_bytes == sizeof bytes)
            memcpy(bytes, signature, size_bytes);
        BusSignedHead *head = bus_signed_head_parse(text != NULL ? text : "", bytes, error);
        if (head == NULL) {
            base_db_reset(statement);
            return NULL;
        }
        g_ptr_array_add(heads, head);
    }
    return NULL;
}

static BusSignedHead *find_newest(BusLog *log, uint64_t size, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        log->db, "SELECT text, signature FROM bus_signed_head WHERE size = ?1", error);
    bool row = false;
    if (statement == NULL)
        return NULL;
    base_db_bind_int(statement, 1, (int64_t)size);
    if (!base_db_step(statement, &row, error))
        return NULL;
    BusSignedHead *head = NULL;
    size_t size_bytes = 0;
    const char *text = row ? base_db_column_text(statement, "text") : NULL;
    const void *signature = row ? base_db_column_blob(statement, "signature", &size_bytes) : NULL;
    if (text == NULL || signature == NULL || size_bytes != BASE_ED25519_SIGNATURE_BYTES)
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND,
                    "there is no signed head of size %" G_GUINT64_FORMAT, size);
    else
        head = bus_signed_head_parse(text, signature, error);
    base_db_reset(statement);
    return head;
}

static BusSignedHead *make_locked(BusLog *log, GError **error)
{
    BusHead head;
    if (!bus_head_load(log, BUS_HEAD_LOCK, &head, error))
        return NULL;
    if (head.seq == 0) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "the log is empty");
        return NULL;
    }
    if (head.signed_seq == head.seq)
        return find_newest(log, head.seq, error);
    if (log->state_dir == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "the log was opened for reading only");
        return NULL;
    }
    g_autoptr(BusPolicy) policy = bus_policy_load(log->db, error);
    if (policy == NULL ||
        !bus_policy_check(policy, log->key, "service:bus", BUS_TOPIC_OWN "head", error))
        return NULL;
    g_autoptr(BusSignedHead) made = make(log, &head, error);
    if (made == NULL || !bus_head_save(log, &head, error))
        return NULL;
    return g_steal_pointer(&made);
}

BusSignedHead *bus_signed_head_make(BusLog *log, GError **error)
{
    if (!base_db_begin(log->db, error))
        return NULL;
    g_autoptr(BusSignedHead) self = make_locked(log, error);
    if (self == NULL || !base_db_commit(log->db, error)) {
        base_db_rollback(log->db);
        return NULL;
    }
    return g_steal_pointer(&self);
}

JsonObject *bus_signed_head_to_json(const BusSignedHead *self)
{
    char hex[2 * BASE_ED25519_SIGNATURE_BYTES + 1];
    base_digest_to_hex(self->signature, sizeof self->signature, hex);
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "text", self->text);
    json_object_set_string_member(object, "signature", hex);
    return object;
}

BusSignedHead *bus_signed_head_from_json(JsonObject *object, GError **error)
{
    uint8_t signature[BASE_ED25519_SIGNATURE_BYTES];
    JsonNode *text = json_object_get_member(object, "text");
    JsonNode *hex = json_object_get_member(object, "signature");
    bool ok = text != NULL && JSON_NODE_HOLDS_VALUE(text) && json_node_get_string(text) != NULL &&
              hex != NULL && JSON_NODE_HOLDS_VALUE(hex) && json_node_get_string(hex) != NULL &&
              bus_signed_read_hex(json_node_get_string(hex), signature, sizeof signature);
    if (!ok) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "a signed head has to be {\"text\": …, \"signature\": 128 hex digits}");
        return NULL;
    }
    return bus_signed_head_parse(json_node_get_string(text), signature, error);
}
