/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers of handlers, before the listener turns them into libmicrohttpd's.
 */
#include "web/response.h"

#include "base/fd.h"

#include <json-glib/json-glib.h>

WebResponse *web_response_new(unsigned status)
{
    WebResponse *self = g_new0(WebResponse, 1);
    self->status = status;
    self->headers = g_ptr_array_new_with_free_func(g_free);
    self->fd = -1;
    return self;
}

void web_response_free(WebResponse *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->headers);
    g_clear_pointer(&self->body, g_bytes_unref);
    base_fd_clear(&self->fd);
    if (self->stream.free != NULL)
        self->stream.free(self->stream.data);
    g_free(self);
}

void web_response_add_header(WebResponse *self, const char *name, const char *value)
{
    g_ptr_array_add(self->headers, g_strdup(name));
    g_ptr_array_add(self->headers, g_strdup(value));
}

const char *web_response_header(const WebResponse *self, const char *name)
{
    for (unsigned i = 0; i + 1 < self->headers->len; i += 2) {
        if (g_ascii_strcasecmp(self->headers->pdata[i], name) == 0)
            return self->headers->pdata[i + 1];
    }
    return NULL;
}

WebResponse *web_response_new_bytes(unsigned status, const char *content_type, GBytes *body)
{
    WebResponse *self = web_response_new(status);
    self->body = g_bytes_ref(body);
    self->size_bytes = g_bytes_get_size(body);
    web_response_add_header(self, "Content-Type", content_type);
    web_response_add_header(self, "X-Content-Type-Options", "nosniff");
    return self;
}

WebResponse *web_response_new_file(unsigned status, const char *content_type, int fd,
                                   uint64_t offset_bytes, uint64_t size_bytes)
{
    WebResponse *self = web_response_new(status);
    self->fd = fd;
    self->offset_bytes = offset_bytes;
    self->size_bytes = size_bytes;
    web_response_add_header(self, "Content-Type", content_type);
    web_response_add_header(self, "X-Content-Type-Options", "nosniff");
    return self;
}

WebResponse *web_response_new_stream(const char *content_type, WebStream stream)
{
    WebResponse *self = web_response_new(200);
    self->stream = stream;
    web_response_add_header(self, "Content-Type", content_type);
    web_response_add_header(self, "X-Content-Type-Options", "nosniff");
    return self;
}

static char *print_error_json(unsigned status, const char *message)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "status");
    json_builder_add_int_value(builder, status);
    json_builder_set_member_name(builder, "error");
    json_builder_add_string_value(builder, message);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
}

WebResponse *web_response_new_error(const WebRequest *request, unsigned status, const char *message)
{
    bool api = web_request_is_api(request);
    g_autofree char *text = api ? print_error_json(status, message) : g_strdup(message);
    char *line = g_strconcat(text, "\n", NULL);
    g_autoptr(GBytes) body = g_bytes_new_take(line, strlen(line));
    WebResponse *self = web_response_new_bytes(
        status, api ? "application/json" : "text/plain; charset=utf-8", body);
    web_response_add_header(self, "Cache-Control", "no-store");
    return self;
}
