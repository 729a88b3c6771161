/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libcurl, loaded when something is fetched.
 */
#include "base/http-curl.h"

#include "base/error.h"
#include "base/library.h"

static gpointer load(gpointer unused)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
    void *library = base_library_open(names);
    BaseHttpCurl *self = g_new0(BaseHttpCurl, 1);
    (void)unused;
    if (base_library_find(library, "curl_easy_init", &self->easy_init) &&
        base_library_find(library, "curl_easy_setopt", &self->easy_setopt) &&
        base_library_find(library, "curl_easy_perform", &self->easy_perform) &&
        base_library_find(library, "curl_easy_getinfo", &self->easy_getinfo) &&
        base_library_find(library, "curl_easy_cleanup", &self->easy_cleanup) &&
        base_library_find(library, "curl_easy_strerror", &self->easy_strerror) &&
        base_library_find(library, "curl_slist_append", &self->slist_append) &&
        base_library_find(library, "curl_slist_free_all", &self->slist_free_all))
        return self;
    g_free(self);
    return NULL;
}

const BaseHttpCurl *base_http_curl(GError **error)
{
    static GOnce once = G_ONCE_INIT;
    const BaseHttpCurl *self = g_once(&once, load, NULL);
    if (self == NULL)
        base_error_set(error, BASE_ERROR_HTTP,
                       "nothing can be fetched: there is neither libcurl.so.4 nor "
                       "libcurl-gnutls.so.4; install the package libcurl4");
    return self;
}
