/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/response.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** web_json_print: (transfer full): @object (borrowed) in one line */
char *web_json_print(JsonObject *object);

/**
 * web_json_respond:
 * @status: HTTP status code
 * @object: (transfer full): the body
 *
 * An answer that is one JSON object.
 */
WebResponse *web_json_respond(unsigned status, JsonObject *object);

/** web_json_respond_callback: the same for a script element: "callback(object);". @callback was
 * checked by web_search_parse() */
WebResponse *web_json_respond_callback(unsigned status, JsonObject *object, const char *callback);

/** web_json_refuse: an error whose body is {"status": …, "error": …} */
WebResponse *web_json_refuse(unsigned status, const char *message);

/** web_json_refuse_error: the same for @error: what was wrong with the request gets the status
 * that says so, the rest 503 without details */
WebResponse *web_json_refuse_error(const GError *error);

/** web_json_status: the status that web_json_refuse_error() gives */
unsigned web_json_status(const GError *error);

/** web_json_parse_body: (transfer full) (nullable): a stored body, or %NULL when retention took
 * it */
JsonNode *web_json_parse_body(const char *text);

G_END_DECLS
