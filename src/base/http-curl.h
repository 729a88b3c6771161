/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>
#include <glib.h>

G_BEGIN_DECLS

/**
 * BaseHttpCurl:
 *
 * What single calls need of libcurl, by libcurl's own names.
 */
typedef struct {
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *easy);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    void (*easy_cleanup)(CURL *easy);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
} BaseHttpCurl;

/**
 * base_http_curl:
 * @error: %BASE_ERROR_HTTP when there is no libcurl
 *
 * Loads libcurl at its first use: its two dozen libraries cost a program that fetches nothing ten
 * times what its own start does. The one with OpenSSL is preferred, the one with GnuTLS will do:
 * libostree brings it to every host.
 *
 * Returns: (transfer none): the same each time
 */
const BaseHttpCurl *base_http_curl(GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
