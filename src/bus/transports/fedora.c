/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events as fedora-messaging puts them on AMQP 0-9-1: properties, headers, body. The connection
 * is amqp.c's.
 */
#include "bus/transports/fedora.h"

#include <string.h>

#define SCHEMA "fedora_messaging_schema"
#define SCHEMA_PACKAGE "fedora_messaging_schema_package"
#define SEVERITY "fedora_messaging_severity"
#define SENT_AT "sent-at"
#define OBJECT "fedora_messaging_"
#define BASE_SCHEMA "base.message"

#define MAX_NAME_BYTES 128

static const char *const object_kinds[] = {"user",      "group",  "rpm",
                                           "container", "module", "flatpak"};

static amqp_bytes_t copy_text(amqp_pool_t *pool, const char *text)
{
    amqp_bytes_t bytes;
    size_t length = strlen(text);
    amqp_pool_alloc_bytes(pool, MAX(length, 1), &bytes);
    memcpy(bytes.bytes, text, length);
    bytes.len = length;
    return bytes;
}

static amqp_table_entry_t *add_header(amqp_table_t *table, amqp_pool_t *pool, const char *name,
                                      amqp_field_value_kind_t kind)
{
    amqp_table_entry_t *entry = &table->entries[table->num_entries++];
    entry->key = copy_text(pool, name);
    entry->value.kind = (uint8_t)kind;
    return entry;
}

static void add_text(amqp_table_t *table, amqp_pool_t *pool, const char *name, const char *text)
{
    add_header(table, pool, name, AMQP_FIELD_KIND_UTF8)->value.value.bytes = copy_text(pool, text);
}

static void add_number(amqp_table_t *table, amqp_pool_t *pool, const char *name, int32_t number)
{
    add_header(table, pool, name, AMQP_FIELD_KIND_I32)->value.value.i32 = number;
}

/* A header's name has one byte of length, and RabbitMQ's limit is AMQP's 128. */
static void add_object(amqp_table_t *table, amqp_pool_t *pool, const char *object)
{
    const char *colon = strchr(object, ':');
    for (size_t i = 0; colon != NULL && i < G_N_ELEMENTS(object_kinds); i++) {
        if (strlen(object_kinds[i]) != (size_t)(colon - object) ||
            strncmp(object, object_kinds[i], (size_t)(colon - object)) != 0)
            continue;
        g_autofree char *name = g_strconcat(OBJECT, object_kinds[i], "_", colon + 1, NULL);
        if (strlen(name) <= MAX_NAME_BYTES)
            add_header(table, pool, name, AMQP_FIELD_KIND_BOOLEAN)->value.value.boolean = 1;
    }
}

void bus_fedora_properties(const BusEvent *event, amqp_pool_t *pool,
                           amqp_basic_properties_t *out_properties)
{
    unsigned n_objects = event->objects != NULL ? g_strv_length(event->objects) : 0;
    amqp_table_t headers = {0};
    headers.entries = amqp_pool_alloc(pool, (n_objects + 5) * sizeof(amqp_table_entry_t));
    add_text(&headers, pool, SCHEMA, event->schema != NULL ? event->schema : BASE_SCHEMA);
    if (event->schema == NULL)
        add_text(&headers, pool, SCHEMA_PACKAGE, "fedora_messaging");
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(event->time_us / G_USEC_PER_SEC);
    g_autofree char *sent_at = time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S+00:00")
                                            : g_strdup("1970-01-01T00:00:00+00:00");
    add_text(&headers, pool, SENT_AT, sent_at);
    add_number(&headers, pool, SEVERITY, (int32_t)event->severity);
    add_number(&headers, pool, "priority", 0);
    for (unsigned i = 0; i < n_objects; i++)
        add_object(&headers, pool, event->objects[i]);
    *out_properties = (amqp_basic_properties_t){
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                  AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG |
                  AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
        .content_type = amqp_cstring_bytes("application/json"),
        .content_encoding = amqp_cstring_bytes("utf-8"),
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .headers = headers,
        .message_id = copy_text(pool, event->id),
    };
}

/* (transfer full): UTF-8 without NULs, or NULL */
static char *read_text(amqp_bytes_t bytes)
{
    if (!g_utf8_validate_len(bytes.bytes != NULL ? bytes.bytes : "", bytes.len, NULL))
        return NULL;
    return g_strndup(bytes.bytes != NULL ? bytes.bytes : "", bytes.len);
}

static bool read_integer(const amqp_field_value_t *value, int64_t *out_number)
{
    switch (value->kind) {
    case AMQP_FIELD_KIND_I8:
    case AMQP_FIELD_KIND_U8:
        *out_number = value->value.u8;
        return true;
    case AMQP_FIELD_KIND_I16:
        *out_number = value->value.i16;
        return true;
    case AMQP_FIELD_KIND_U16:
        *out_number = value->value.u16;
        return true;
    case AMQP_FIELD_KIND_I32:
        *out_number = value->value.i32;
        return true;
    case AMQP_FIELD_KIND_U32:
        *out_number = value->value.u32;
        return true;
    case AMQP_FIELD_KIND_I64:
        *out_number = value->value.i64;
        return true;
    default:
        return false;
    }
}

static void read_object(const char *name, const amqp_field_value_t *value, GStrvBuilder *objects)
{
    if (value->kind != AMQP_FIELD_KIND_BOOLEAN || !value->value.boolean)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(object_kinds); i++) {
        size_t length = strlen(object_kinds[i]);
        if (strncmp(name, object_kinds[i], length) == 0 && name[length] == '_' &&
            name[length + 1] != '\0') {
            g_autofree char *object = g_strconcat(object_kinds[i], ":", name + length + 1, NULL);
            g_strv_builder_add(objects, object);
        }
    }
}

/* What a sender says that makes no sense is as if it said nothing. */
static void read_time(BusMessage *message, amqp_bytes_t bytes)
{
    g_autofree char *text = read_text(bytes);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = text != NULL ? g_date_time_new_from_iso8601(text, utc) : NULL;
    if (time != NULL && g_date_time_to_unix(time) > 0)
        message->time_us = g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static void read_header(const amqp_table_entry_t *entry, BusMessage *message, GStrvBuilder *objects)
{
    g_autofree char *name = read_text(entry->key);
    int64_t number = 0;
    if (name == NULL)
        return;
    if (strcmp(name, SCHEMA) == 0 && entry->value.kind == AMQP_FIELD_KIND_UTF8) {
        g_autofree char *schema = read_text(entry->value.value.bytes);
        if (schema != NULL && strcmp(schema, BASE_SCHEMA) != 0) {
            g_free(message->schema);
            message->schema = g_steal_pointer(&schema);
        }
    } else if (strcmp(name, SENT_AT) == 0 && entry->value.kind == AMQP_FIELD_KIND_UTF8) {
        read_time(message, entry->value.value.bytes);
    } else if (strcmp(name, SEVERITY) == 0) {
        if (read_integer(&entry->value, &number) &&
            (number == BUS_SEVERITY_DEBUG || number == BUS_SEVERITY_INFO ||
             number == BUS_SEVERITY_WARNING || number == BUS_SEVERITY_ERROR))
            message->severity = (BusSeverity)number;
    } else if (g_str_has_prefix(name, OBJECT)) {
        read_object(name + strlen(OBJECT), &entry->value, objects);
    }
}

static bool check_encoding(const amqp_basic_properties_t *properties, GError **error)
{
    if ((properties->_flags & AMQP_BASIC_CONTENT_ENCODING_FLAG) == 0)
        return true;
    g_autofree char *encoding = read_text(properties->content_encoding);
    if (encoding != NULL && (*encoding == '\0' || g_ascii_strcasecmp(encoding, "utf-8") == 0 ||
                             g_ascii_strcasecmp(encoding, "utf8") == 0))
        return true;
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "content encoding is ‘%s’, wanted ‘utf-8’",
                encoding != NULL ? encoding : "?");
    return false;
}

static bool read_message(BusMessage *message, const amqp_basic_properties_t *properties,
                         amqp_bytes_t body, GError **error)
{
    if (message->topic == NULL || !bus_topic_check(message->topic, error)) {
        if (message->topic == NULL)
            g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the routing key is not UTF-8");
        return false;
    }
    if ((properties->_flags & AMQP_BASIC_HEADERS_FLAG) != 0 &&
        properties->headers.num_entries > BUS_FEDORA_MAX_HEADERS) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE, "%d headers, of at most %d",
                    properties->headers.num_entries, BUS_FEDORA_MAX_HEADERS);
        return false;
    }
    if (!check_encoding(properties, error))
        return false;
    message->body = bus_transport_parse(body.bytes, body.len, BUS_BODY_MAX_BYTES, error);
    return message->body != NULL;
}

BusMessage *bus_fedora_message(amqp_bytes_t routing_key, const amqp_basic_properties_t *properties,
                               amqp_bytes_t body)
{
    g_autoptr(BusMessage) message = bus_message_new();
    message->raw = g_bytes_new(body.bytes, body.len);
    message->topic = read_text(routing_key);
    g_autofree char *id = NULL;
    if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0)
        id = read_text(properties->message_id);
    message->id = bus_transport_event_id(id);
    /* the broker lets nobody claim another user's name here */
    if ((properties->_flags & AMQP_BASIC_USER_ID_FLAG) != 0) {
        g_autofree char *user = read_text(properties->user_id);
        if (user != NULL && *user != '\0')
            message->actor = g_strconcat("amqp:", user, NULL);
    }
    g_autoptr(GError) error = NULL;
    if (!read_message(message, properties, body, &error)) {
        message->bad = g_strdup(error->message);
        return g_steal_pointer(&message);
    }
    g_autoptr(GStrvBuilder) objects = g_strv_builder_new();
    if ((properties->_flags & AMQP_BASIC_HEADERS_FLAG) != 0) {
        for (int i = 0; i < properties->headers.num_entries; i++)
            read_header(&properties->headers.entries[i], message, objects);
    }
    message->objects = g_strv_builder_end(objects);
    return g_steal_pointer(&message);
}
