/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events and topics; how an event looks outside of the log. What is signed: signed.c.
 */
#include "bus/event.h"

#include "bus/canonical.h"
#include "bus/hash.h"
#include "bus/signed.h"

#include <string.h>

static const struct {
    const char *name;
    BusSeverity severity;
} severities[] = {
    {"error", BUS_SEVERITY_ERROR},
    {"warning", BUS_SEVERITY_WARNING},
    {"info", BUS_SEVERITY_INFO},
    {"debug", BUS_SEVERITY_DEBUG},
};

bool bus_severity_parse(const char *name, BusSeverity *out_severity)
{
    for (size_t i = 0; i < G_N_ELEMENTS(severities); i++) {
        if (strcmp(severities[i].name, name) == 0) {
            *out_severity = severities[i].severity;
            return true;
        }
    }
    return false;
}

const char *bus_severity_name(unsigned severity)
{
    size_t i = 0;
    while (i < G_N_ELEMENTS(severities) - 1 && severity < (unsigned)severities[i].severity)
        i++;
    return severities[i].name;
}

void bus_event_free(BusEvent *self)
{
    if (self == NULL)
        return;
    g_free(self->signed_text);
    g_free(self->body);
    g_free(self->id);
    g_free(self->topic);
    g_free(self->actor);
    g_free(self->schema);
    g_free(self->schema_digest);
    g_free(self->key);
    g_strfreev(self->objects);
    g_free(self);
}

bool bus_topic_check(const char *topic, GError **error)
{
    size_t size_bytes = strlen(topic);
    if (size_bytes > BUS_TOPIC_MAX_BYTES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the topic has %zu bytes, of at most %d",
                    size_bytes, BUS_TOPIC_MAX_BYTES);
        return false;
    }
    bool ok = size_bytes > 0 && topic[0] != '.' && topic[size_bytes - 1] != '.' &&
              strstr(topic, "..") == NULL;
    for (const char *p = topic; ok && *p != '\0'; p++)
        ok = g_ascii_isgraph(*p) && *p != '*' && *p != '#';
    if (!ok)
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "the topic has to be words of printable ASCII without ‘*’ and ‘#’, joined by "
                    "dots, as org.atoll.prod.image.disk.made");
    return ok;
}

bool bus_topic_matches(const char *pattern, const char *topic)
{
    const char *star = NULL;
    const char *resume = NULL;
    while (*topic != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = topic;
        } else if (*pattern == *topic) {
            pattern++;
            topic++;
        } else if (star != NULL) {
            pattern = star + 1;
            topic = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

char *bus_topic_category(const char *topic)
{
    for (unsigned i = 0; i < 3 && topic != NULL; i++) {
        topic = strchr(topic, '.');
        topic = topic != NULL ? topic + 1 : NULL;
    }
    return topic != NULL ? g_strndup(topic, strcspn(topic, ".")) : g_strdup("");
}

static void set_text(JsonObject *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_string_member(object, name, text);
    else
        json_object_set_null_member(object, name);
}

static void set_hex(JsonObject *object, const char *name, const uint8_t *bytes, size_t size_bytes)
{
    char hex[2 * BUS_SIGNATURE_MAX_BYTES + 1];
    base_digest_to_hex(bytes, size_bytes, hex);
    json_object_set_string_member(object, name, hex);
}

static void set_time(JsonObject *object, const char *name, int64_t time_us)
{
    g_autofree char *text = bus_time_print(time_us);
    json_object_set_string_member(object, name, text);
}

static void set_body(JsonObject *object, const char *body)
{
    JsonNode *node = body != NULL ? bus_canonical_parse(body, strlen(body), NULL) : NULL;
    if (node != NULL)
        json_object_set_member(object, "body", node);
    else
        json_object_set_null_member(object, "body");
}

char *bus_json_print(JsonNode *node, bool indented)
{
    char *text = json_to_string(node, indented);
    bool quoted = false;
    bool exponent = false;
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (quoted && *from == '\\')
            *to++ = *from++;
        else if (*from == '"')
            quoted = !quoted;
        else if (!quoted)
            exponent = *from == 'e' || (exponent && strchr("+-.0123456789", *from) != NULL);
        if (!quoted && exponent && g_str_has_prefix(from, ".0"))
            from++;
        else
            *to++ = *from;
    }
    *to = '\0';
    return text;
}

JsonObject *bus_event_to_json(const BusEvent *self)
{
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "seq", (gint64)self->seq);
    set_text(object, "id", self->id);
    set_time(object, "time", self->time_us);
    set_time(object, "logged", self->logged_us);
    set_text(object, "topic", self->topic);
    set_text(object, "actor", self->actor);
    json_object_set_int_member(object, "severity", self->severity);
    JsonArray *objects = json_array_new();
    for (unsigned i = 0; self->objects != NULL && self->objects[i] != NULL; i++)
        json_array_add_string_element(objects, self->objects[i]);
    json_object_set_array_member(object, "objects", objects);
    set_text(object, "schema", self->schema);
    set_text(object, "schema-digest", self->schema_digest);
    set_body(object, self->body);
    set_hex(object, "body-digest", self->body_digest, sizeof self->body_digest);
    set_text(object, "key", self->key);
    set_hex(object, "prev", self->prev, sizeof self->prev);
    set_hex(object, "hash", self->hash, sizeof self->hash);
    set_hex(object, "signature", self->signature.bytes, self->signature.size_bytes);
    set_text(object, "signed", self->signed_text);
    return object;
}

static const char *get_string(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

/* The body has to be an object whose canonical form has the signed digest. */
static bool take_body(BusEvent *event, JsonNode *node, GError **error)
{
    if (node == NULL || JSON_NODE_HOLDS_NULL(node))
        return true;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the body is not a JSON object");
        return false;
    }
    g_autoptr(GString) body = g_string_new(NULL);
    uint8_t digest[BASE_SHA256_BYTES];
    if (!bus_canonical_print_node(node, body, error))
        return false;
    if (body->len > BUS_BODY_MAX_BYTES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE, "the body has %zu bytes, of at most %d",
                    body->len, BUS_BODY_MAX_BYTES);
        return false;
    }
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    bus_hash_text(sha256, body->str, body->len, digest);
    if (memcmp(digest, event->body_digest, sizeof digest) != 0) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN, "the body is not the one that was signed");
        return false;
    }
    event->body = g_string_free(g_steal_pointer(&body), FALSE);
    return true;
}

static bool read_signature(BusEvent *event, const char *hex, GError **error)
{
    uint8_t bytes[BUS_SIGNATURE_MAX_BYTES];
    size_t size_bytes = strlen(hex) / 2;
    if (size_bytes > sizeof bytes || !bus_signed_read_hex(hex, bytes, size_bytes)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "‘signature’ has to be hex digits, at most %d", 2 * BUS_SIGNATURE_MAX_BYTES);
        return false;
    }
    return bus_signature_read(&event->signature, bytes, size_bytes, error);
}

/* The fields beside the signed text may say nothing else than it. */
static bool same_fields(const BusEvent *event, JsonNode *given)
{
    g_autoptr(JsonObject) object = bus_event_to_json(event);
    g_autoptr(GString) ours = g_string_new(NULL);
    g_autoptr(GString) theirs = g_string_new(NULL);
    return bus_canonical_print(object, ours, NULL) &&
           bus_canonical_print_node(given, theirs, NULL) && g_string_equal(ours, theirs);
}

BusEvent *bus_event_from_json(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(JsonNode) node = bus_canonical_parse(data, size_bytes, error);
    if (node == NULL)
        return NULL;
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *text = object != NULL ? get_string(object, "signed") : NULL;
    const char *signature = object != NULL ? get_string(object, "signature") : NULL;
    if (text == NULL || signature == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "not an event: ‘signed’ and ‘signature’ have to be strings");
        return NULL;
    }
    g_autoptr(BusEvent) event = bus_signed_parse(text, error);
    if (event == NULL)
        return NULL;
    if (!read_signature(event, signature, error))
        return NULL;
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    bus_hash_leaf(sha256, text, &event->signature, event->hash);
    if (!take_body(event, json_object_get_member(object, "body"), error))
        return NULL;
    if (!same_fields(event, node)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "event %" G_GUINT64_FORMAT ": a field differs from the signed text",
                    event->seq);
        return NULL;
    }
    return g_steal_pointer(&event);
}
