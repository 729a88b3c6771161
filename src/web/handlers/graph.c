/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /v1/graph: the update graph (Cincinnati, version 1), from files that are written by whoever
 * releases: STATE/graph/STREAM/BASEARCH.json. One that is missing or asked for wrongly gets the
 * protocol's error object.
 */
#include "base/error.h"
#include "base/fd.h"
#include "web/handlers/handlers.h"
#include "web/json.h"
#include "web/query.h"

#include <fcntl.h>
#include <string.h>

#define GRAPH_MAX_BYTES (16 * 1024 * 1024)

static WebResponse *refuse(unsigned status, const char *kind, const char *value)
{
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "kind", kind);
    json_object_set_string_member(object, "value", value);
    return web_json_respond(status, object);
}

/* A name that is one component of a path and nothing else. */
static bool is_word(const char *text)
{
    if (text == NULL || *text == '\0' || *text == '.' || strlen(text) > 100)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && *c != '-' && *c != '_' && *c != '.')
            return false;
    return true;
}

WebResponse *web_graph_handle(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pairs = web_query_parse(request->query, &error);
    if (pairs == NULL)
        return refuse(400, "invalid_query", error->message);
    const char *stream = web_query_find(pairs, "stream");
    const char *basearch = web_query_find(pairs, "basearch");
    if (!is_word(stream))
        return refuse(400, "invalid_stream", "the parameter ‘stream’ is missing or no name");
    if (!is_word(basearch))
        return refuse(400, "invalid_basearch", "the parameter ‘basearch’ is missing or no name");
    g_autofree char *path = g_strdup_printf("%s/%s/%s.json", site->graph_path, stream, basearch);
    g_autoptr(GBytes) body = base_fd_read_file(AT_FDCWD, path, GRAPH_MAX_BYTES, &error);
    if (g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return refuse(404, "unknown_scope", "there is no graph of this stream and basearch");
    if (body == NULL)
        return refuse(500, "failed_graph", "the graph cannot be read");
    WebResponse *response = web_response_new_bytes(200, "application/json", body);
    web_response_add_header(response, "Cache-Control", "no-store");
    return response;
}
