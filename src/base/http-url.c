/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * URLs in messages. Apart from http-call.c, so that who only names URLs needs no libcurl.
 */
#include "base/http-call.h"

char *base_http_public_url(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
    if (uri == NULL)
        return g_strdup("(not a URL)");
    return g_uri_join(G_URI_FLAGS_ENCODED, g_uri_get_scheme(uri), NULL, g_uri_get_host(uri),
                      g_uri_get_port(uri), g_uri_get_path(uri), NULL, NULL);
}
