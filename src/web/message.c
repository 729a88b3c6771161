/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events as datagrepper's clients expect them. This is a view: what was signed is given out
 * verbatim by /events/SEQ.
 */
#include "web/message.h"

#include "web/json.h"

#include <stdbool.h>
#include <string.h>

#define SUMMARY_MAX_CHARS 200

static const char *const user_kinds[] = {"user", NULL};
static const char *const package_kinds[] = {"rpm", "deb", "package", NULL};

const char *web_message_short_topic(const char *topic)
{
    const char *next = topic;
    for (unsigned words = 0; words < 3 && next != NULL; words++) {
        next = strchr(next, '.');
        next = next != NULL ? next + 1 : NULL;
    }
    return next != NULL && *next != '\0' ? next : topic;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The ids of the event's objects of one of @kinds, sorted, each once. */
static JsonArray *list_objects(const BusEvent *event, const char *const *kinds)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; event->objects != NULL && event->objects[i] != NULL; i++) {
        const char *colon = strchr(event->objects[i], ':');
        if (colon == NULL)
            continue;
        g_autofree char *kind = g_strndup(event->objects[i], (size_t)(colon - event->objects[i]));
        if (g_strv_contains(kinds, kind))
            g_ptr_array_add(names, (gpointer)(colon + 1));
    }
    g_ptr_array_sort(names, compare_names);
    JsonArray *array = json_array_new();
    for (unsigned i = 0; i < names->len; i++) {
        if (i == 0 || strcmp(names->pdata[i - 1], names->pdata[i]) != 0)
            json_array_add_string_element(array, names->pdata[i]);
    }
    return array;
}

char *web_message_print_time(int64_t time_us)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
    return when != NULL ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("?");
}

static JsonObject *print_headers(const BusEvent *event)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(event->time_us / G_USEC_PER_SEC);
    g_autofree char *sent_at =
        when != NULL ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%S+00:00") : g_strdup("");
    JsonObject *headers = json_object_new();
    json_object_set_string_member(headers, "fedora_messaging_schema",
                                  event->schema != NULL ? event->schema : "base.message");
    json_object_set_int_member(headers, "fedora_messaging_severity", event->severity);
    json_object_set_string_member(headers, "sent-at", sent_at);
    for (unsigned i = 0; event->objects != NULL && event->objects[i] != NULL; i++) {
        static const char *const kinds[] = {"user",   "group",   "rpm", "container",
                                            "module", "flatpak", NULL};
        g_auto(GStrv) parts = g_strsplit(event->objects[i], ":", 2);
        if (parts[0] == NULL || parts[1] == NULL || !g_strv_contains(kinds, parts[0]))
            continue;
        g_autofree char *name = g_strdup_printf("fedora_messaging_%s_%s", parts[0], parts[1]);
        json_object_set_boolean_member(headers, name, TRUE);
    }
    return headers;
}

static void set_body(JsonObject *object, const char *name, const BusEvent *event)
{
    JsonNode *body = web_json_parse_body(event->body);
    if (body != NULL)
        json_object_set_member(object, name, body);
    else
        json_object_set_null_member(object, name);
}

static const char *agent_name(const BusEvent *event)
{
    const char *colon = strchr(event->actor, ':');
    return colon != NULL ? colon + 1 : event->actor;
}

static JsonObject *print_raw(const BusEvent *event)
{
    g_autofree char *signature =
        g_base64_encode(event->signature.bytes, event->signature.size_bytes);
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "i", (gint64)event->seq);
    json_object_set_string_member(object, "msg_id", event->id);
    json_object_set_string_member(object, "topic", event->topic);
    json_object_set_double_member(object, "timestamp", (double)event->time_us / G_USEC_PER_SEC);
    json_object_set_string_member(object, "certificate", event->key);
    json_object_set_string_member(object, "signature", signature);
    json_object_set_string_member(object, "agent_name", agent_name(event));
    json_object_set_string_member(object, "username", agent_name(event));
    json_object_set_string_member(
        object, "crypto",
        event->signature.size_bytes == BASE_ED25519_SIGNATURE_BYTES ? "ed25519" : "ed25519-batch");
    set_body(object, "msg", event);
    json_object_set_object_member(object, "headers", print_headers(event));
    json_object_set_string_member(object, "source_name", "atoll");
    json_object_set_string_member(object, "source_version", ATOLL_VERSION);
    json_object_set_array_member(object, "users", list_objects(event, user_kinds));
    json_object_set_array_member(object, "packages", list_objects(event, package_kinds));
    return object;
}

static JsonObject *print_v2(const BusEvent *event)
{
    JsonObject *object = json_object_new();
    set_body(object, "body", event);
    json_object_set_object_member(object, "headers", print_headers(event));
    json_object_set_string_member(object, "id", event->id);
    json_object_set_int_member(object, "priority", 0);
    json_object_set_null_member(object, "queue");
    json_object_set_string_member(object, "topic", event->topic);
    return object;
}

JsonObject *web_message_print(const BusEvent *event, WebMessageForm form)
{
    return form == WEB_MESSAGE_V2 ? print_v2(event) : print_raw(event);
}

static char *body_text(const BusEvent *event, const char *name)
{
    g_autoptr(JsonNode) body = web_json_parse_body(event->body);
    if (body == NULL || !JSON_NODE_HOLDS_OBJECT(body))
        return NULL;
    JsonNode *member = json_object_get_member(json_node_get_object(body), name);
    bool is_text = member != NULL && JSON_NODE_HOLDS_VALUE(member) &&
                   json_node_get_value_type(member) == G_TYPE_STRING;
    return is_text ? g_strdup(json_node_get_string(member)) : NULL;
}

char *web_message_summary(const BusEvent *event)
{
    g_autofree char *own = body_text(event, "summary");
    if (own != NULL && own[0] != '\0') {
        char *line = g_utf8_strlen(own, -1) > SUMMARY_MAX_CHARS
                         ? g_utf8_substring(own, 0, SUMMARY_MAX_CHARS)
                         : g_strdup(own);
        return g_strdelimit(line, "\r\n\t", ' ');
    }
    g_autoptr(GString) line = g_string_new(agent_name(event));
    g_string_append_printf(line, ": %s", web_message_short_topic(event->topic));
    for (unsigned i = 0; i < 3 && event->objects != NULL && event->objects[i] != NULL; i++)
        g_string_append_printf(line, " %s", event->objects[i]);
    return g_string_free(g_steal_pointer(&line), FALSE);
}

char *web_message_ago(int64_t time_us, int64_t now_us)
{
    static const struct {
        int64_t seconds;
        const char *one, *many;
    } units[] = {
        {31536000, "a year", "years"}, {2592000, "a month", "months"}, {604800, "a week", "weeks"},
        {86400, "a day", "days"},      {3600, "an hour", "hours"},     {60, "a minute", "minutes"},
    };
    int64_t seconds = (now_us - time_us) / G_USEC_PER_SEC;
    for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
        int64_t count = seconds / units[i].seconds;
        if (count == 1)
            return g_strdup_printf("%s ago", units[i].one);
        if (count > 1)
            return g_strdup_printf("%" G_GINT64_FORMAT " %s ago", count, units[i].many);
    }
    return g_strdup(seconds > 5 ? "seconds ago" : "just now");
}

static void set_text(JsonObject *meta, const char *name, char *text)
{
    g_autofree char *owned = text;
    if (owned != NULL)
        json_object_set_string_member(meta, name, owned);
    else
        json_object_set_null_member(meta, name);
}

static void set_meta(JsonObject *meta, const char *as, const char *name, const BusEvent *event,
                     int64_t now_us)
{
    static const char *const container_kinds[] = {"container", NULL};
    static const char *const module_kinds[] = {"module", NULL};
    static const char *const flatpak_kinds[] = {"flatpak", NULL};
    static const struct {
        const char *name;
        const char *const *kinds;
    } lists[] = {
        {"usernames", user_kinds}, {"packages", package_kinds}, {"containers", container_kinds},
        {"modules", module_kinds}, {"flatpaks", flatpak_kinds},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (strcmp(lists[i].name, name) == 0) {
            json_object_set_array_member(meta, as, list_objects(event, lists[i].kinds));
            return;
        }
    }
    if (strcmp(name, "summary") == 0)
        set_text(meta, as, web_message_summary(event));
    else if (strcmp(name, "date") == 0)
        set_text(meta, as, web_message_ago(event->time_us, now_us));
    else if (strcmp(name, "text") == 0)
        set_text(meta, as, g_strdup(event->body));
    else if (strcmp(name, "url") == 0)
        set_text(meta, as, body_text(event, "url"));
    else
        json_object_set_null_member(meta, as); /* icons and avatars: we have none */
}

JsonObject *web_message_print_meta(const BusEvent *event, const GPtrArray *names, int64_t now_us)
{
    static const char *const legacy[][2] = {
        {"subtitle", "summary"}, {"link", "url"}, {"icon", "app_icon"}};
    JsonObject *meta = json_object_new();
    g_autoptr(JsonArray) warnings = json_array_new();
    for (unsigned i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        const char *stands_for = name;
        for (unsigned k = 0; k < G_N_ELEMENTS(legacy); k++) {
            if (strcmp(legacy[k][0], name) == 0)
                stands_for = legacy[k][1];
        }
        if (stands_for != name) {
            g_autofree char *warning = g_strdup_printf(
                "Meta %s is deprecated and has been replaced by %s", name, stands_for);
            json_array_add_string_element(warnings, warning);
        }
        set_meta(meta, name, stands_for, event, now_us);
    }
    if (json_array_get_length(warnings) > 0)
        json_object_set_array_member(meta, "WARNING", g_steal_pointer(&warnings));
    return meta;
}
