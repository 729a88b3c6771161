/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The outcome of the checks as text for people, and as the file that others read.
 */
#include "host/health.h"

#include "base/fd.h"
#include "host/error.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_BYTES (1u << 20)

static void add_string(JsonBuilder *builder, const char *key, const char *text)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_string_value(builder, text);
}

static void add_bool(JsonBuilder *builder, const char *key, bool on)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_boolean_value(builder, on);
}

static void add_number(JsonBuilder *builder, const char *key, int64_t number)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_int_value(builder, number);
}

char *host_health_print_json(const HostHealth *self)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    add_number(builder, "time", self->time_s);
    add_bool(builder, "healthy", host_health_count(self, true) == 0);
    add_number(builder, "required-failed", host_health_count(self, true));
    add_number(builder, "wanted-failed", host_health_count(self, false));
    json_builder_set_member_name(builder, "checks");
    json_builder_begin_array(builder);
    for (unsigned i = 0; i < self->results->len; i++) {
        const HostHealthResult *result = self->results->pdata[i];
        json_builder_begin_object(builder);
        add_string(builder, "name", result->name);
        add_bool(builder, "required", result->required);
        add_bool(builder, "passed", result->passed);
        add_string(builder, "text", result->text);
        add_number(builder, "duration-ms", (int64_t)result->duration_ms);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

char *host_health_print_text(const HostHealth *self)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < self->results->len; i++) {
        const HostHealthResult *result = self->results->pdata[i];
        g_string_append_printf(text, "%-6s  %-8s  %s%s%s\n", result->passed ? "passed" : "FAILED",
                               result->required ? "required" : "wanted", result->name,
                               result->passed ? "" : ": ", result->text);
    }
    return g_string_free(text, FALSE);
}

/* A copy of the text of @key; @preset when it is none. */
static char *get_text(JsonObject *object, const char *key, const char *preset)
{
    const char *text = json_object_get_string_member_with_default(object, key, preset);
    return g_strdup(text != NULL ? text : preset);
}

static bool read_result(HostHealth *self, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return false;
    JsonObject *object = json_node_get_object(node);
    HostHealthResult *result = g_new0(HostHealthResult, 1);
    *result = (HostHealthResult){
        .name = get_text(object, "name", "?"),
        .required = json_object_get_boolean_member_with_default(object, "required", TRUE),
        .passed = json_object_get_boolean_member_with_default(object, "passed", FALSE),
        .text = get_text(object, "text", ""),
        .duration_ms = (uint64_t)json_object_get_int_member_with_default(object, "duration-ms", 0)};
    g_ptr_array_add(self->results, result);
    return true;
}

HostHealth *host_health_parse(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(HostHealth) self = host_health_new();
    if (!json_parser_load_from_data(parser, data, (gssize)size_bytes, error))
        return NULL;
    JsonNode *root = json_parser_get_root(parser);
    JsonObject *object =
        root != NULL && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    JsonNode *checks = object != NULL ? json_object_get_member(object, "checks") : NULL;
    if (checks == NULL || !JSON_NODE_HOLDS_ARRAY(checks)) {
        host_error_set(error, HOST_ERROR_FAILED, "it is no result of health checks");
        return NULL;
    }
    self->time_s = json_object_get_int_member_with_default(object, "time", 0);
    JsonArray *array = json_node_get_array(checks);
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        if (!read_result(self, json_array_get_element(array, i))) {
            host_error_set(error, HOST_ERROR_FAILED, "result %u is no object", i);
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

HostHealth *host_health_load(const char *path)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_BYTES, NULL);
    gsize size_bytes = 0;
    const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size_bytes) : NULL;
    return data != NULL ? host_health_parse(data, size_bytes, NULL) : NULL;
}

bool host_health_save(const HostHealth *self, const char *path, GError **error)
{
    g_autofree char *text = host_health_print_json(self);
    g_autofree char *dir = g_path_get_dirname(path);
    return base_fd_make_dirs(AT_FDCWD, dir, 0755, error) &&
           base_fd_replace_file(AT_FDCWD, path, text, strlen(text), 0644, BASE_FD_REPLACE_NO_SYNC,
                                error);
}
