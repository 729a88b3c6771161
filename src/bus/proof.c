/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Proofs as files: made from the log, checked with a public key alone (RFC 9162, section 2.1).
 */
#include "bus/proof.h"

#include "bus/canonical.h"
#include "bus/signed.h"

#include <sodium.h>
#include <string.h>

#define PATH_MAX_HASHES 128

static void set_path(JsonObject *proof, const GByteArray *path)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < path->len; i += BASE_SHA256_BYTES) {
        char hex[2 * BASE_SHA256_BYTES + 1];
        base_digest_to_hex(path->data + i, BASE_SHA256_BYTES, hex);
        json_array_add_string_element(array, hex);
    }
    json_object_set_array_member(proof, "path", array);
}

JsonObject *bus_proof_inclusion(BusLog *log, uint64_t seq, GError **error)
{
    g_autoptr(BusEvent) event = bus_log_find_seq(log, seq, error);
    g_autoptr(BusSignedHead) head = event != NULL ? bus_signed_head_make(log, error) : NULL;
    if (head == NULL)
        return NULL;
    g_autoptr(BusTree) tree = bus_tree_new(log);
    BusMerkle merkle = bus_tree_merkle(tree);
    g_autoptr(GByteArray) path = bus_merkle_inclusion(&merkle, seq - 1, head->size, error);
    if (path == NULL)
        return NULL;
    if (!bus_merkle_check_inclusion(log->sha256, event->hash, seq - 1, head->size, path,
                                    head->root)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "the log does not prove event %" G_GUINT64_FORMAT "; atoll bus verify says why",
                    seq);
        return NULL;
    }
    JsonObject *proof = json_object_new();
    json_object_set_string_member(proof, "type", "inclusion");
    json_object_set_object_member(proof, "event", bus_event_to_json(event));
    set_path(proof, path);
    json_object_set_object_member(proof, "head", bus_signed_head_to_json(head));
    return proof;
}

JsonObject *bus_proof_consistency(BusLog *log, const BusSignedHead *old, GError **error)
{
    g_autoptr(BusSignedHead) head = bus_signed_head_make(log, error);
    if (head == NULL)
        return NULL;
    if (old->size > head->size) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "the log was cut: the head has %" G_GUINT64_FORMAT " events, and the log "
                    "%" G_GUINT64_FORMAT,
                    old->size, head->size);
        return NULL;
    }
    g_autoptr(BusTree) tree = bus_tree_new(log);
    BusMerkle merkle = bus_tree_merkle(tree);
    g_autoptr(GByteArray) path = bus_merkle_consistency(&merkle, old->size, head->size, error);
    if (path == NULL)
        return NULL;
    if (!bus_merkle_check_consistency(log->sha256, old->size, old->root, head->size, head->root,
                                      path)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "the log forked, or was rewritten, at or before event %" G_GUINT64_FORMAT
                    ": it does not continue the one that this is a head of",
                    old->size);
        return NULL;
    }
    JsonObject *proof = json_object_new();
    json_object_set_string_member(proof, "type", "consistency");
    json_object_set_object_member(proof, "old", bus_signed_head_to_json(old));
    set_path(proof, path);
    json_object_set_object_member(proof, "head", bus_signed_head_to_json(head));
    return proof;
}

static bool set_broken(GError **error, const char *what)
{
    g_set_error_literal(error, BUS_ERROR, BUS_ERROR_BROKEN, what);
    return false;
}

static JsonObject *get_object(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static JsonNode *parse(const char *data, size_t size_bytes, GError **error)
{
    if (size_bytes > BUS_PROOF_MAX_BYTES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE, "a proof has at most %d bytes",
                    BUS_PROOF_MAX_BYTES);
        return NULL;
    }
    g_autoptr(JsonNode) node = bus_canonical_parse(data, size_bytes, error);
    if (node == NULL)
        return NULL;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "a proof or head is a JSON object");
        return NULL;
    }
    return g_steal_pointer(&node);
}

static BusSignedHead *read_head(JsonObject *object, const char *name, GError **error)
{
    JsonObject *head = get_object(object, name);
    if (head == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the proof has no ‘%s’", name);
        return NULL;
    }
    return bus_signed_head_from_json(head, error);
}

BusSignedHead *bus_proof_read_head(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(JsonNode) node = parse(data, size_bytes, error);
    if (node == NULL)
        return NULL;
    JsonObject *object = json_node_get_object(node);
    return json_object_has_member(object, "head") ? read_head(object, "head", error)
                                                  : bus_signed_head_from_json(object, error);
}

static GByteArray *read_path(JsonObject *proof, GError **error)
{
    JsonNode *node = json_object_get_member(proof, "path");
    JsonArray *array =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    g_autoptr(GByteArray) path = g_byte_array_new();
    bool ok = array != NULL && json_array_get_length(array) <= PATH_MAX_HASHES;
    for (guint i = 0; ok && i < json_array_get_length(array); i++) {
        uint8_t hash[BASE_SHA256_BYTES];
        JsonNode *element = json_array_get_element(array, i);
        const char *hex = JSON_NODE_HOLDS_VALUE(element) ? json_node_get_string(element) : NULL;
        ok = hex != NULL && bus_signed_read_hex(hex, hash, sizeof hash);
        if (ok)
            g_byte_array_append(path, hash, sizeof hash);
    }
    if (!ok) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "‘path’ has to be at most %d hashes of 64 hex digits", PATH_MAX_HASHES);
        return NULL;
    }
    return g_steal_pointer(&path);
}

static BusEvent *read_event(JsonObject *proof, GError **error)
{
    JsonObject *object = get_object(proof, "event");
    g_autoptr(GString) text = g_string_new(NULL);
    if (object == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the proof has no ‘event’");
        return NULL;
    }
    if (!bus_canonical_print(object, text, error))
        return NULL;
    return bus_event_from_json(text->str, text->len, error);
}

static bool check_inclusion(JsonObject *proof, const BusSignedHead *head, const GByteArray *path,
                            char **out_summary, GError **error)
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    g_autoptr(BusEvent) event = read_event(proof, error);
    if (event == NULL)
        return false;
    uint8_t text_hash[BASE_SHA256_BYTES];
    bus_hash_text(sha256, event->signed_text, strlen(event->signed_text), text_hash);
    if (strcmp(event->key, head->key) == 0 &&
        !bus_signature_check(&event->signature, event->signed_text, text_hash, head->public_key,
                             sha256, NULL))
        return set_broken(error, "the event's signature is forged");
    if (!bus_merkle_check_inclusion(sha256, event->hash, event->seq - 1, head->size, path,
                                    head->root))
        return set_broken(error, "the event is not in the log that the head was signed for");
    g_autofree char *time = bus_time_print(event->logged_us);
    *out_summary =
        g_strdup_printf("event %" G_GUINT64_FORMAT " (%s, %s, by %s, logged %s) is in "
                        "the log of %" G_GUINT64_FORMAT " events",
                        event->seq, event->id, event->topic, event->actor, time, head->size);
    return true;
}

static bool check_consistency(JsonObject *proof, const BusSignedHead *head, const GByteArray *path,
                              char **out_summary, GError **error)
{
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    g_autoptr(BusSignedHead) old = read_head(proof, "old", error);
    if (old == NULL)
        return false;
    if (!bus_merkle_check_consistency(sha256, old->size, old->root, head->size, head->root, path))
        return set_broken(error, "the newer head does not continue the older one");
    *out_summary = g_strdup_printf("the log of %" G_GUINT64_FORMAT " events continues the one of "
                                   "%" G_GUINT64_FORMAT " that key %s signed",
                                   head->size, old->size, old->key);
    return true;
}

bool bus_proof_check(const char *data, size_t size_bytes,
                     const uint8_t public_key[static BASE_ED25519_PUBLIC_BYTES], char **out_summary,
                     GError **error)
{
    if (sodium_init() < 0)
        g_error("libsodium does not start");
    g_autoptr(JsonNode) node = parse(data, size_bytes, error);
    if (node == NULL)
        return false;
    JsonObject *proof = json_node_get_object(node);
    JsonNode *type_node = json_object_get_member(proof, "type");
    const char *type = type_node != NULL && JSON_NODE_HOLDS_VALUE(type_node)
                           ? json_node_get_string(type_node)
                           : NULL;
    g_autoptr(BusSignedHead) head = read_head(proof, "head", error);
    g_autoptr(GByteArray) path = head != NULL ? read_path(proof, error) : NULL;
    if (path == NULL)
        return false;
    if (memcmp(head->public_key, public_key, BASE_ED25519_PUBLIC_BYTES) != 0)
        return set_broken(error, "the head is not signed with the key that was given");
    if (g_strcmp0(type, "inclusion") == 0)
        return check_inclusion(proof, head, path, out_summary, error);
    if (g_strcmp0(type, "consistency") == 0)
        return check_consistency(proof, head, path, out_summary, error);
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                "‘type’ has to be ‘inclusion’ or ‘consistency’");
    return false;
}
