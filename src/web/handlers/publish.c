/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * POST /events: one event from whoever shows a token or a client certificate.
 */
#include "web/handlers/handlers.h"

#include "bus/canonical.h"
#include "bus/policy.h"
#include "bus/token.h"
#include "web/json.h"

#include <string.h>

/* What the body says; all of it borrowed from @node. */
typedef struct {
    JsonNode *node;
    BusDraft draft;
    GPtrArray *objects;
} Message;

static void message_clear(Message *self)
{
    g_clear_pointer(&self->node, json_node_unref);
    g_clear_pointer(&self->objects, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Message, message_clear)

static bool refuse(GError **error, const char *name, const char *wanted)
{
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "member ‘%s’: want %s", name, wanted);
    return false;
}

static bool read_text(JsonNode *value, const char *name, const char **out_text, GError **error)
{
    if (json_node_get_value_type(value) != G_TYPE_STRING)
        return refuse(error, name, "a string");
    *out_text = json_node_get_string(value);
    return true;
}

static bool read_severity(JsonNode *value, BusDraft *draft, GError **error)
{
    GType type = json_node_get_value_type(value);
    bool ok = false;
    if (type == G_TYPE_STRING) {
        ok = bus_severity_parse(json_node_get_string(value), &draft->severity);
    } else if (type == G_TYPE_INT64) {
        gint64 number = json_node_get_int(value);
        ok = number >= BUS_SEVERITY_DEBUG && number <= BUS_SEVERITY_ERROR && number % 10 == 0;
        draft->severity = ok ? (BusSeverity)number : BUS_SEVERITY_INFO;
    }
    return ok || refuse(error, "severity", "debug, info, warning or error, or 10, 20, 30 or 40");
}

static bool read_objects(JsonNode *value, Message *message, GError **error)
{
    if (!JSON_NODE_HOLDS_ARRAY(value))
        return refuse(error, "objects", "an array of strings KIND:ID");
    JsonArray *array = json_node_get_array(value);
    message->objects = g_ptr_array_new();
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        if (json_node_get_value_type(element) != G_TYPE_STRING)
            return refuse(error, "objects", "an array of strings KIND:ID");
        g_ptr_array_add(message->objects, (gpointer)json_node_get_string(element));
    }
    g_ptr_array_add(message->objects, NULL);
    message->draft.objects = (const char *const *)message->objects->pdata;
    return true;
}

static bool read_member(const char *name, JsonNode *value, Message *message, GError **error)
{
    BusDraft *draft = &message->draft;
    if (strcmp(name, "topic") == 0)
        return read_text(value, name, &draft->topic, error);
    if (strcmp(name, "body") == 0) {
        if (!JSON_NODE_HOLDS_OBJECT(value))
            return refuse(error, name, "an object");
        draft->body = json_node_get_object(value);
        return true;
    }
    if (JSON_NODE_HOLDS_NULL(value))
        return true;
    if (strcmp(name, "id") == 0)
        return read_text(value, name, &draft->id, error);
    if (strcmp(name, "schema") == 0)
        return read_text(value, name, &draft->schema, error);
    if (strcmp(name, "severity") == 0)
        return read_severity(value, draft, error);
    if (strcmp(name, "objects") == 0)
        return read_objects(value, message, error);
    return refuse(error, name,
                  "none of that name: there are topic, body, severity, objects, schema and id");
}

static bool read_message(GBytes *bytes, Message *message, GError **error)
{
    size_t size = 0;
    const char *data = g_bytes_get_data(bytes, &size);
    message->node = bus_canonical_parse(data != NULL ? data : "", size, error);
    if (message->node == NULL)
        return false;
    if (!JSON_NODE_HOLDS_OBJECT(message->node))
        return refuse(error, "topic", "an object around it");
    JsonObjectIter iter;
    const char *name = NULL;
    JsonNode *value = NULL;
    json_object_iter_init(&iter, json_node_get_object(message->node));
    while (json_object_iter_next(&iter, &name, &value)) {
        if (!read_member(name, value, message, error))
            return false;
    }
    if (message->draft.topic == NULL)
        return refuse(error, "topic", "a string; it is missing");
    if (message->draft.body == NULL)
        return refuse(error, "body", "an object; it is missing");
    return bus_topic_check(message->draft.topic, error);
}

static WebResponse *ask_for_token(const char *message)
{
    WebResponse *response = web_json_refuse(401, message);
    web_response_add_header(response, "WWW-Authenticate", "Bearer realm=\"atoll\"");
    return response;
}

/* The token in "Authorization: Bearer TOKEN". */
static const char *find_token(const WebRequest *request)
{
    const char *header = web_request_header(request, "Authorization");
    if (header == NULL || g_ascii_strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    header += 7;
    return header + strspn(header, " ");
}

static WebResponse *forbid(const char *actor, const char *topic)
{
    g_autofree char *message = g_strdup_printf("‘%s’ may not publish ‘%s’", actor, topic);
    return web_json_refuse(403, message);
}

static WebResponse *respond_to(BusLog *log, const BusDraft *draft, uint64_t seq)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BusEvent) event = bus_log_find_seq(log, seq, &error);
    if (event == NULL)
        return web_json_refuse_error(error);
    g_autofree char *location = g_strdup_printf("/events/%" G_GUINT64_FORMAT, seq);
    WebResponse *response = web_json_respond(201, bus_event_to_json(event));
    web_response_add_header(response, "Location", location);
    return response;
}

static WebResponse *publish(WebLogsLease *lease, const BusDraft *draft, GError **error)
{
    uint64_t seq = 0;
    if (!web_logs_publish(lease, draft, &seq, error))
        return NULL;
    return respond_to(lease->log, draft, seq);
}

/* As whom: a token's actor, or the client certificate's name, for which the log's own grants
 * say what it may. */
static WebResponse *publish_as_peer(WebLogsLease *lease, const WebRequest *request, BusDraft *draft,
                                    GError **error)
{
    BusLog *log = lease->log;
    const char *token_text = find_token(request);
    g_autofree char *actor = NULL;
    if (token_text != NULL) {
        g_autoptr(GError) token_error = NULL;
        g_autoptr(BusToken) token =
            bus_token_check(log, token_text, g_get_real_time(), &token_error);
        if (g_error_matches(token_error, BUS_ERROR, BUS_ERROR_DENIED))
            return ask_for_token(token_error->message);
        if (token == NULL) {
            g_propagate_error(error, g_steal_pointer(&token_error));
            return NULL;
        }
        if (!bus_token_allows(token, draft->topic))
            return forbid(token->actor, draft->topic);
        actor = g_strdup(token->actor);
    } else {
        actor = strchr(request->peer, ':') != NULL ? g_strdup(request->peer)
                                                   : g_strconcat("service:", request->peer, NULL);
        g_autoptr(BusPolicy) policy = bus_policy_load(bus_log_get_db(log), error);
        if (policy == NULL)
            return NULL;
        if (!bus_policy_actor_has_grant(policy, actor, draft->topic))
            return forbid(actor, draft->topic);
    }
    draft->actor = actor;
    return publish(lease, draft, error);
}

WebResponse *web_events_publish(const WebSite *site, const WebRequest *request)
{
    if (site->logs == NULL)
        return web_json_refuse(404, "no events are served here");
    if (find_token(request) == NULL && request->peer == NULL)
        return ask_for_token("publishing wants a token (‘atoll token add’) or a client "
                             "certificate");
    g_autoptr(GError) error = NULL;
    g_auto(Message) message = {0};
    g_auto(WebLogsLease) lease = {0};
    WebResponse *response = NULL;
    if (read_message(request->body, &message, &error) &&
        web_logs_borrow(site->logs, &lease, &error))
        response = publish_as_peer(&lease, request, &message.draft, &error);
    if (response != NULL)
        return response;
    web_logs_note(&lease, error);
    return web_json_refuse_error(error);
}
