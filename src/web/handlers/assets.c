/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /assets/…: style sheet, script and icon of the pages, compiled into the program.
 */
#include "web/handlers/handlers.h"

#include "base/digest.h"
#include "web/conditional.h"
#include "web/web-assets.h"

#include <string.h>

static const struct {
    const char *suffix, *type;
} types[] = {
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

static const char *find_type(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        if (g_str_has_suffix(name, types[i].suffix))
            return types[i].type;
    }
    return NULL;
}

WebResponse *web_assets_handle(const WebSite *site, const WebRequest *request)
{
    const char *name = web_request_param(request, "name");
    g_autofree char *path = g_strconcat("/atoll/web/", name, NULL);
    const char *type = find_type(name);
    g_autoptr(GBytes) body = type != NULL
                                 ? g_resource_lookup_data(web_assets_get_resource(), path,
                                                          G_RESOURCE_LOOKUP_FLAGS_NONE, NULL)
                                 : NULL;
    if (body == NULL)
        return web_response_new_error(request, 404, "there is no such file");
    size_t size = 0;
    const void *data = g_bytes_get_data(body, &size);
    g_autofree char *digest = base_sha256_hex(data, size);
    g_autofree char *etag = g_strdup_printf("\"%.16s\"", digest);
    bool fresh = web_conditional_is_fresh(request, etag, 0);
    WebResponse *response = fresh ? web_response_new(304) : web_response_new_bytes(200, type, body);
    web_response_add_header(response, "Cache-Control", "no-cache");
    web_response_add_header(response, "ETag", etag);
    return response;
}
