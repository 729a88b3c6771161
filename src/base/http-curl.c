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
    static BaseHttpCurl self;
    const BaseLibraryFunction functions[] = {
        {"curl_easy_init", &self.easy_init},
        {"curl_easy_setopt", &self.easy_setopt},
        {"curl_easy_perform", &self.easy_perform},
        {"curl_easy_getinfo", &self.easy_getinfo},
        {"curl_easy_cleanup", &self.easy_cleanup},
        {"curl_easy_strerror", &self.easy_strerror},
        {"curl_slist_append", &self.slist_append},
        {"curl_slist_free_all", &self.slist_free_all},
        {"curl_multi_init", &self.multi_init},
        {"curl_multi_setopt", &self.multi_setopt},
        {"curl_multi_add_handle", &self.multi_add_handle},
        {"curl_multi_remove_handle", &self.multi_remove_handle},
        {"curl_multi_perform", &self.multi_perform},
        {"curl_multi_info_read", &self.multi_info_read},
        {"curl_multi_poll", &self.multi_poll},
        {"curl_multi_wakeup", &self.multi_wakeup},
        {"curl_multi_cleanup", &self.multi_cleanup},
    };
    (void)unused;
    return base_library_load(names, functions, G_N_ELEMENTS(functions)) ? &self : NULL;
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
