/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libcurl, loaded when something is fetched.
 */
#include "base/http-curl.h"

#include "base/error.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* POSIX lets a pointer to data be one to a function; ISO C has no cast for it. */
static bool find(void *library, const char *name, void *out_function)
{
    void *symbol = dlsym(library, name);
    memcpy(out_function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static gpointer load(gpointer unused)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
    void *library = NULL;
    BaseHttpCurl *self = g_new0(BaseHttpCurl, 1);
    (void)unused;
    for (size_t i = 0; library == NULL && i < G_N_ELEMENTS(names); i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library != NULL && find(library, "curl_easy_init", &self->easy_init) &&
        find(library, "curl_easy_setopt", &self->easy_setopt) &&
        find(library, "curl_easy_perform", &self->easy_perform) &&
        find(library, "curl_easy_getinfo", &self->easy_getinfo) &&
        find(library, "curl_easy_cleanup", &self->easy_cleanup) &&
        find(library, "curl_easy_strerror", &self->easy_strerror) &&
        find(library, "curl_slist_append", &self->slist_append) &&
        find(library, "curl_slist_free_all", &self->slist_free_all))
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
