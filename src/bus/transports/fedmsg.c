/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fedmsg's envelope: an event becomes one, one becomes a message. Sockets are zeromq.c's,
 * signatures fedmsg-x509.c's.
 */
#include "bus/transports/fedmsg.h"

#include <string.h>

/* the year 9999 */
#define MAX_TIME_S 253402300799.0

char *bus_fedmsg_id(const BusEvent *event)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(event->time_us / G_USEC_PER_SEC);
    return g_strdup_printf("%04d-%s", time != NULL ? g_date_time_get_year(time) : 1970, event->id);
}

static const char *user_of(const char *actor)
{
    const char *colon = strchr(actor, ':');
    return colon != NULL ? colon + 1 : actor;
}

char *bus_fedmsg_print(const BusEvent *event, BusFedmsgSigner *signer, GError **error)
{
    g_autoptr(JsonObject) body =
        bus_transport_parse(event->body, strlen(event->body), BUS_BODY_MAX_BYTES, error);
    if (body == NULL)
        return NULL;
    g_autofree char *id = bus_fedmsg_id(event);
    g_autoptr(JsonObject) envelope = json_object_new();
    json_object_set_string_member(envelope, "topic", event->topic);
    json_object_set_object_member(envelope, "msg", g_steal_pointer(&body));
    json_object_set_int_member(envelope, "timestamp", event->time_us / G_USEC_PER_SEC);
    json_object_set_string_member(envelope, "msg_id", id);
    json_object_set_int_member(envelope, "i", (gint64)event->seq);
    json_object_set_int_member(envelope, "seq_id", (gint64)event->seq);
    json_object_set_string_member(envelope, "username", user_of(event->actor));
    if (signer != NULL && !bus_fedmsg_sign(signer, envelope, error))
        return NULL;
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), envelope);
    g_autoptr(GString) text = g_string_new(NULL);
    bus_fedmsg_dumps(node, text);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static const char *find_string(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

static bool check_topic(BusMessage *message, const char *frame, size_t frame_bytes, GError **error)
{
    if (message->topic == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the envelope has no topic");
        return false;
    }
    /* subscribers chose it by the frame, which nobody signs */
    if (frame != NULL && (strlen(message->topic) != frame_bytes ||
                          memcmp(message->topic, frame, frame_bytes) != 0)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "the frame's topic is not the envelope's, ‘%s’", message->topic);
        return false;
    }
    return bus_topic_check(message->topic, error);
}

static bool read_envelope(BusMessage *message, JsonObject *envelope, GError **error)
{
    const char *id = find_string(envelope, "msg_id");
    JsonNode *body = json_object_get_member(envelope, "msg");
    if (id == NULL || *id == '\0') {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the envelope has no msg_id");
        return false;
    }
    if (body == NULL || !JSON_NODE_HOLDS_OBJECT(body)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "msg is not a JSON object");
        return false;
    }
    message->id = bus_transport_event_id(id);
    message->body = json_node_dup_object(body);
    JsonNode *time = json_object_get_member(envelope, "timestamp");
    double seconds = time != NULL && JSON_NODE_HOLDS_VALUE(time) ? json_node_get_double(time) : 0;
    if (seconds > 0 && seconds < MAX_TIME_S)
        message->time_us = (int64_t)seconds * G_USEC_PER_SEC;
    JsonNode *position = json_object_get_member(envelope, "seq_id");
    if (position != NULL && json_node_get_value_type(position) == G_TYPE_INT64 &&
        json_node_get_int(position) > 0)
        message->position = (uint64_t)json_node_get_int(position);
    return true;
}

static bool read_message(BusMessage *message, const char *topic, size_t topic_bytes,
                         const char *data, size_t size_bytes, BusFedmsgVerifier *verifier,
                         GError **error)
{
    g_autoptr(JsonObject) envelope =
        bus_transport_parse(data, size_bytes, BUS_FEDMSG_MAX_BYTES, error);
    if (envelope == NULL)
        return false;
    message->topic = g_strdup(find_string(envelope, "topic"));
    g_autofree char *name = NULL;
    if (!check_topic(message, topic, topic_bytes, error) ||
        (verifier != NULL &&
         !bus_fedmsg_verify(verifier, envelope, data, size_bytes, &name, error)))
        return false;
    if (name != NULL)
        message->actor = g_strconcat("x509:", name, NULL);
    return read_envelope(message, envelope, error);
}

BusMessage *bus_fedmsg_parse(const char *topic, size_t topic_bytes, const char *data,
                             size_t size_bytes, BusFedmsgVerifier *verifier)
{
    BusMessage *message = bus_message_new();
    message->raw = g_bytes_new(data, size_bytes);
    g_autoptr(GError) error = NULL;
    if (!read_message(message, topic, topic_bytes, data, size_bytes, verifier, &error)) {
        message->bad = g_strdup(error->message);
        g_clear_pointer(&message->body, json_object_unref);
    }
    return message;
}
