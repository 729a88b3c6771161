/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>
#include <glib.h>

G_BEGIN_DECLS

/**
 * BaseHttpCurl:
 *
 * What is called of libcurl, by its own names.
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
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_perform)(CURLM *multi, int *out_n_running);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *out_n_left);
    CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd extra[], unsigned n_extra,
                            int timeout_ms, int *out_n);
    CURLMcode (*multi_wakeup)(CURLM *multi);
    CURLMcode (*multi_cleanup)(CURLM *multi);
} BaseHttpCurl;

/**
 * base_http_curl:
 * @error: %BASE_ERROR_HTTP when there is no libcurl
 *
 * Loads libcurl at its first use: its two dozen libraries cost a program that fetches nothing ten
 * times what its own start does. The one that the program has by way of another library (libostree
 * brings the one with GnuTLS to every host) is taken, or else the one with OpenSSL.
 *
 * Returns: (transfer none): the same each time
 */
const BaseHttpCurl *base_http_curl(GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
