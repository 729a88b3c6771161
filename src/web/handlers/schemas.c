/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /schemas/sha256/HEX: what the bodies of events mean, byte for byte as the digest says.
 */
#include "web/handlers/handlers.h"

#include "base/digest.h"
#include "bus/schema.h"
#include "web/json.h"

#include <string.h>

WebResponse *web_schemas_handle(const WebSite *site, const WebRequest *request)
{
    const char *digest = web_request_param(request, "hex");
    if (!base_digest_is_sha256_hex(digest))
        return web_json_refuse(404, "want a SHA-256 digest: 64 lower-case hex digits");
    g_autoptr(GError) error = NULL;
    g_auto(WebLogsLease) lease = {0};
    char *text = NULL;
    if (web_logs_borrow(site->logs, &lease, &error))
        text = bus_schema_find(lease.log, digest, &error);
    if (text == NULL) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    g_autoptr(GBytes) body = g_bytes_new_take(text, strlen(text));
    WebResponse *response = web_response_new_bytes(200, "application/schema+json", body);
    web_response_add_header(response, "Cache-Control", "public, max-age=31536000, immutable");
    web_response_add_header(response, "Access-Control-Allow-Origin", "*");
    return response;
}
