/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers that are JSON, and how errors of the rooms below become them.
 */
#define G_LOG_DOMAIN "web"

#include "web/json.h"

#include "base/db.h"
#include "base/error.h"
#include "bus/error.h"
#include "bus/event.h"

char *web_json_print(JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_alloc();
    json_node_init_object(node, object);
    return bus_json_print(node, false);
}

static WebResponse *respond_text(unsigned status, const char *type, char *text)
{
    g_autoptr(GBytes) body = g_bytes_new_take(text, strlen(text));
    WebResponse *response = web_response_new_bytes(status, type, body);
    web_response_add_header(response, "Cache-Control", "no-store");
    /* All that is served by GET is public; a browser's script may read it from anywhere. */
    web_response_add_header(response, "Access-Control-Allow-Origin", "*");
    return response;
}

WebResponse *web_json_respond(unsigned status, JsonObject *object)
{
    g_autoptr(JsonObject) owned = object;
    g_autofree char *text = web_json_print(owned);
    return respond_text(status, "application/json", g_strconcat(text, "\n", NULL));
}

WebResponse *web_json_respond_callback(unsigned status, JsonObject *object, const char *callback)
{
    if (callback == NULL)
        return web_json_respond(status, object);
    g_autoptr(JsonObject) owned = object;
    g_autofree char *text = web_json_print(owned);
    /* The comment keeps the answer from being taken for another type that begins with the
     * callback's name. */
    return respond_text(status, "application/javascript; charset=utf-8",
                        g_strdup_printf("/**/%s(%s);\n", callback, text));
}

WebResponse *web_json_refuse(unsigned status, const char *message)
{
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "status", status);
    json_object_set_string_member(object, "error", message);
    return web_json_respond(status, object);
}

static unsigned bus_status(int code)
{
    switch (code) {
    case BUS_ERROR_INVALID:
        return 400;
    case BUS_ERROR_DENIED:
        return 403;
    case BUS_ERROR_NOT_FOUND:
        return 404;
    case BUS_ERROR_EXISTS:
        return 409;
    case BUS_ERROR_TOO_LARGE:
        return 413;
    default:
        return 500;
    }
}

unsigned web_json_status(const GError *error)
{
    if (error->domain == BUS_ERROR)
        return bus_status(error->code);
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_INVALID))
        return 400;
    return error->domain == BASE_DB_ERROR ? 503 : 500;
}

WebResponse *web_json_refuse_error(const GError *error)
{
    unsigned status = web_json_status(error);
    if (status < 500)
        return web_json_refuse(status, error->message);
    g_warning("%s", error->message);
    return web_json_refuse(status, status == 503 ? "the event log cannot be reached: try again"
                                                 : "something went wrong here: see the log");
}

JsonNode *web_json_parse_body(const char *text)
{
    return text != NULL ? json_from_string(text, NULL) : NULL;
}
