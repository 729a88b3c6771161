/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/signature.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define BUS_TOPIC_MAX_BYTES 255
/** BUS_BODY_MAX_BYTES: a larger body is refused; what is larger goes by digest */
#define BUS_BODY_MAX_BYTES (1024 * 1024)
#define BUS_ID_CHARS 36
/** BUS_NAME_MAX_BYTES: of an actor and of a schema's id */
#define BUS_NAME_MAX_BYTES 255
#define BUS_OBJECTS_MAX 64
#define BUS_OBJECT_MAX_BYTES 512

/** BusSeverity: fedora-messaging's numbers */
typedef enum {
    BUS_SEVERITY_DEBUG = 10,
    BUS_SEVERITY_INFO = 20,
    BUS_SEVERITY_WARNING = 30,
    BUS_SEVERITY_ERROR = 40,
} BusSeverity;

/**
 * bus_severity_parse:
 * @name: "debug", "info", "warning" or "error"
 * @out_severity: its number, when @name is one of them
 *
 * Returns: whether it is
 */
bool bus_severity_parse(const char *name, BusSeverity *out_severity);

/** bus_severity_name: (transfer none): of @severity, or of the next one below */
const char *bus_severity_name(unsigned severity);

/**
 * BusDraft:
 * @topic: org.atoll.ENV.CATEGORY.OBJECT.VERB; what begins with org.atoll.prod.bus. is the log's
 *   own and refused
 * @actor: who did it ("person:alice", "service:compose")
 * @id: (nullable): UUID; made when %NULL (an import or a retry brings its own: a second event
 *   of one id is refused, so that a retry does not double)
 * @schema: (nullable): id of the body's JSON Schema
 * @severity: see #BusSeverity; 0 for info
 * @objects: (nullable): "kind:id", …, %NULL; at most %BUS_OBJECTS_MAX
 * @body: (nullable): a JSON object; {} when %NULL
 * @body_text: (nullable): a JSON object as text, instead of @body; in canonical form it costs least
 * @time_us: when it happened, microseconds of Unix time; 0 for now
 *
 * What a publisher says. All borrowed.
 */
typedef struct {
    const char *topic;
    const char *actor;
    const char *id;
    const char *schema;
    BusSeverity severity;
    const char *const *objects;
    JsonObject *body;
    const char *body_text;
    int64_t time_us;
} BusDraft;

/**
 * BusEvent:
 * @seq: its place in the log, from 1, without gaps
 * @signed_text: (owned): what was signed, verbatim: canonical JSON (RFC 8785) of actor,
 *   body-digest (SHA-256 of the body's canonical form, so that a body may go and the signature
 *   still holds), id, key, logged, objects, prev, schema, schema-digest, seq, severity, time, topic
 * @signature: over @signed_text, or over those that were appended with it: see #BusSignature
 * @hash: RFC 6962 leaf hash: SHA-256(0x00 ‖ signed_text ‖ signature)
 * @prev: SHA-256 of the signed text of the event before (zeros for the first). It leaves the
 *   signature out, since a batch is signed when all its texts are there; the leaf hash has it
 * @body: (owned) (nullable): canonical JSON; %NULL once retention took it
 * @body_digest: SHA-256 of the body's canonical form
 * @id: (owned): UUID in lower case
 * @topic: (owned); @actor: (owned); @key: (owned): id of the signing key
 * @schema: (owned) (nullable); @schema_digest: (owned) (nullable): SHA-256 in hex
 * @severity: see #BusSeverity
 * @objects: (owned): "kind:id", …, %NULL
 * @time_us: when it happened, microseconds of Unix time: as the publisher said
 * @logged_us: when the log took it; never before that of the event before, whatever the clock did
 *
 * One entry of the log.
 */
typedef struct {
    uint64_t seq;
    char *signed_text;
    BusSignature signature;
    uint8_t hash[BASE_SHA256_BYTES];
    uint8_t prev[BASE_SHA256_BYTES];
    uint8_t body_digest[BASE_SHA256_BYTES];
    char *body;
    char *id;
    char *topic;
    char *actor;
    char *schema;
    char *schema_digest;
    char *key;
    BusSeverity severity;
    char **objects;
    int64_t time_us;
    int64_t logged_us;
} BusEvent;

void bus_event_free(BusEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusEvent, bus_event_free)

/** bus_event_to_json: (transfer full): the whole event for people and programs: the fields of
 * the signed text, body, signature, hash, and the signed text itself as a string */
JsonObject *bus_event_to_json(const BusEvent *self);

/** bus_json_print: (transfer full): @node as JSON. JSON-GLib's own printer ends a double of 1e17
 * and more without a fraction in “.0”, also behind an exponent, which is none of JSON's numbers */
char *bus_json_print(JsonNode *node, bool indented);

/** bus_event_from_json: (transfer full): the other way (bytes of one JSON object), with every
 * bound and digest checked (the signature is bus_verify's) */
BusEvent *bus_event_from_json(const char *data, size_t size_bytes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_topic_check: whether @topic is well-formed: words of printable ASCII without ‘*’ and ‘#’,
 * joined by dots, at most %BUS_TOPIC_MAX_BYTES */
bool bus_topic_check(const char *topic, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_topic_matches: whether @topic fits the glob @pattern ("*" any run of characters) */
bool bus_topic_matches(const char *pattern, const char *topic);

/** bus_topic_category: (transfer full): the fourth word of @topic, or "" */
char *bus_topic_category(const char *topic);

/** bus_time_print: (transfer full): RFC 3339 in UTC with microseconds */
char *bus_time_print(int64_t time_us);

/** bus_time_parse: the other way, for exactly what bus_time_print() writes */
bool bus_time_parse(const char *text, int64_t *out_time_us);

G_END_DECLS
