/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * BaseHttpCall:
 * @method: (nullable): "GET" when %NULL
 * @url: http or https
 * @headers: (nullable): "Name: value", …, %NULL
 * @body: (nullable): what to send
 * @max_bytes: a longer answer is an error
 * @timeout_ms: for the whole call, connecting included
 * @follow: redirects that are followed (a redirected request loses @headers' credentials as
 *   libcurl does it); 0 hands the redirect back as the answer
 * @connect_timeout_ms: for connecting alone; 0 for the default of 20 s
 * @unix_socket: (nullable): a socket's path, to be talked to instead of @url's host
 * @local_port: first port of ours, counted down while it is taken; 0 for any
 * @direct: no proxy of the environment: link-local addresses are not behind one
 * @protocols: (nullable): others than "http,https"; redirects are always to these two
 * @headers_timeout_ms: until the head of the answer has come; 0 for no such limit
 * @proxy: (nullable): instead of the environment's, as @no_proxy
 * @authorities: (nullable): PEM certificates that are trusted beside the system's
 * @aws_region: (nullable): signs the request for Amazon (SigV4) with @aws_keys ("ID:SECRET")
 *
 * One request whose answer is small. All borrowed.
 */
typedef struct {
    const char *method;
    const char *url;
    const char *const *headers;
    GBytes *body;
    uint64_t max_bytes;
    unsigned timeout_ms;
    unsigned follow;
    unsigned connect_timeout_ms;
    const char *unix_socket;
    unsigned local_port;
    bool direct;
    const char *protocols;
    unsigned headers_timeout_ms;
    const char *proxy;
    const char *no_proxy;
    GBytes *authorities;
    const char *aws_region;
    const char *aws_keys;
} BaseHttpCall;

/**
 * BaseHttpAnswer:
 * @status: HTTP status code
 * @body: (owned): never %NULL
 * @retry_after_s: what Retry-After asks for, 0 when it does not (a date is made seconds)
 * @location: (owned) (nullable): where a redirect that was not followed leads to, absolute
 *
 * What the server said.
 */
typedef struct {
    unsigned status;
    GBytes *body;
    uint64_t retry_after_s;
    char *location;
} BaseHttpAnswer;

void base_http_answer_clear(BaseHttpAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BaseHttpAnswer, base_http_answer_clear)

/**
 * base_http_call:
 * @call: what to send
 * @out_answer: what came back, whatever its status
 * @cancellable: (nullable)
 * @error: %BASE_ERROR_HTTP when no whole answer came, %BASE_ERROR_INVALID when it is too long;
 *   names the URL without its user, password and query
 *
 * Sends one request, once: whether to try again is the caller's to know.
 */
bool base_http_call(const BaseHttpCall *call, BaseHttpAnswer *out_answer, GCancellable *cancellable,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_http_public_url: (transfer full): @url without what may be secret in it: user, password,
 * query and fragment */
char *base_http_public_url(const char *url);

G_END_DECLS
