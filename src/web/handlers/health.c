/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /healthz: what a load balancer asks.
 */
#include "web/handlers/handlers.h"

#include <unistd.h>

WebResponse *web_health_handle(const WebSite *site, const WebRequest *request)
{
    /* The directory may have been deleted or its disk may be gone since the start. */
    if (site->repo_dfd >= 0 && faccessat(site->repo_dfd, "config", R_OK, 0) != 0)
        return web_response_new_error(request, 503, "the published repository cannot be read");
    if (site->feed != NULL && web_feed_is_away(site->feed))
        return web_response_new_error(request, 503, "the event log cannot be read");
    g_autoptr(GBytes) body = g_bytes_new_static("ok\n", 3);
    WebResponse *response = web_response_new_bytes(200, "text/plain; charset=utf-8", body);
    web_response_add_header(response, "Cache-Control", "no-store");
    return response;
}
