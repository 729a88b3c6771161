/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fetching over the network: which URL means what, redirects, when to try again. The bytes move in
 * base/http-call; buckets of Amazon are in fetch-s3.c.
 */
#include "provision/fetch-private.h"

#include "base/error.h"
#include "provision/error.h"

#include <string.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 5000
#define FULL_TRY_MS 1000

/* What is tried again is what may pass: no answer, and the server's own faults. */
static bool is_final(const GError *error)
{
    return !g_error_matches(error, BASE_ERROR, BASE_ERROR_HTTP);
}

static bool judge(const BaseHttpCall *call, const BaseHttpAnswer *answer, GError **error)
{
    if ((answer->status >= 200 && answer->status < 300) || g_str_has_prefix(call->url, "tftp:"))
        return true;
    g_autofree char *url = base_http_public_url(call->url);
    if (answer->status >= 500)
        g_set_error(error, BASE_ERROR, BASE_ERROR_HTTP, "‘%s’: the server answers %u", url,
                    answer->status);
    else if (answer->status == 404 || answer->status == 410)
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND,
                    "‘%s’: the server answers %u: it has no such thing", url, answer->status);
    else
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED, "‘%s’: the server answers %u",
                    url, answer->status);
    return false;
}

static bool is_redirect(const BaseHttpAnswer *answer)
{
    return answer->location != NULL && answer->status >= 300 && answer->status < 400;
}

/* One try, with its redirects: headers were meant for the first server only. */
static bool try_once(const BaseHttpCall *wanted, BaseHttpAnswer *out_answer,
                     GCancellable *cancellable, GError **error)
{
    BaseHttpCall call = *wanted;
    g_autofree char *next = NULL;
    for (unsigned i = 0; i <= PROVISION_FETCH_MAX_REDIRECTS; i++) {
        g_auto(BaseHttpAnswer) answer = {0};
        if (!base_http_call(&call, &answer, cancellable, error))
            return false;
        if (!is_redirect(&answer)) {
            if (!judge(&call, &answer, error))
                return false;
            *out_answer = answer;
            memset(&answer, 0, sizeof answer);
            return true;
        }
        g_free(next);
        next = g_steal_pointer(&answer.location);
        call.url = next;
        call.headers = NULL;
        call.aws_region = NULL;
        call.protocols = NULL;
    }
    g_autofree char *url = base_http_public_url(wanted->url);
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                "‘%s’ is redirected more than %d times", url, PROVISION_FETCH_MAX_REDIRECTS);
    return false;
}

static bool pause_ms(int64_t ms, GCancellable *cancellable, GError **error)
{
    GPollFD poll = {0};
    if (g_cancellable_make_pollfd(cancellable, &poll)) {
        (void)g_poll(&poll, 1, (gint)ms);
        g_cancellable_release_fd(cancellable);
    } else {
        g_usleep((gulong)ms * 1000);
    }
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

bool provision_fetcher_call(ProvisionFetcher *self, const BaseHttpCall *wanted,
                            BaseHttpAnswer *out_answer, GCancellable *cancellable, GError **error)
{
    int64_t deadline_us = g_get_monotonic_time() + (int64_t)self->give_up_s * G_USEC_PER_SEC;
    g_autoptr(GError) before = NULL;
    for (int64_t backoff_ms = BACKOFF_FIRST_MS;; backoff_ms = MIN(backoff_ms * 2, BACKOFF_MAX_MS)) {
        BaseHttpCall call = *wanted;
        g_autoptr(GError) local = NULL;
        int64_t left_ms = MAX((deadline_us - g_get_monotonic_time()) / 1000, 1);
        call.timeout_ms = (unsigned)MIN(left_ms, G_MAXINT);
        if (self->total_s > 0)
            call.timeout_ms = (unsigned)MIN((int64_t)call.timeout_ms, self->total_s * 1000LL);
        call.headers_timeout_ms = self->headers_s * 1000;
        if (try_once(&call, out_answer, cancellable, &local))
            return true;
        bool cut_short = left_ms < FULL_TRY_MS && before != NULL;
        left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
        if (is_final(local) || left_ms <= backoff_ms) {
            /* a try that had no time says less than the one before it */
            GError **telling = cut_short && !is_final(local) ? &before : &local;
            g_propagate_error(error, g_steal_pointer(telling));
            return false;
        }
        g_debug("%s; again in %d ms", local->message, (int)backoff_ms);
        g_clear_error(&before);
        before = g_steal_pointer(&local);
        if (!pause_ms(backoff_ms, cancellable, error))
            return false;
    }
}

static GBytes *get_remote(ProvisionFetcher *self, const ProvisionContents *contents,
                          uint64_t max_bytes, GCancellable *cancellable, GError **error)
{
    g_autofree char *scheme = g_uri_parse_scheme(contents->url);
    BaseHttpCall call = {
        .url = contents->url,
        .headers = (const char *const *)contents->headers,
        .max_bytes = max_bytes,
        .proxy = g_strcmp0(scheme, "https") == 0 ? self->https_proxy : self->http_proxy,
        .no_proxy = self->no_proxy,
        .authorities = self->authorities,
    };
    g_auto(BaseHttpAnswer) answer = {0};
    if (g_strcmp0(scheme, "tftp") == 0) {
        call.protocols = "tftp";
    } else if (g_strcmp0(scheme, "s3") == 0 || g_strcmp0(scheme, "arn") == 0) {
        return provision_fetcher_get_s3(self, &call, cancellable, error);
    } else if (g_strcmp0(scheme, "gs") == 0) {
        g_set_error(
            error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
            "gs: URLs are not supported: write https://storage.googleapis.com/BUCKET/OBJECT");
        return NULL;
    } else if (g_strcmp0(scheme, "http") != 0 && g_strcmp0(scheme, "https") != 0) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "nothing is fetched from URLs of the kind ‘%s:’", scheme != NULL ? scheme : "");
        return NULL;
    }
    if (!provision_fetcher_call(self, &call, &answer, cancellable, error))
        return NULL;
    return g_steal_pointer(&answer.body);
}

ProvisionFetcher *provision_fetcher_new(void)
{
    ProvisionFetcher *self = provision_fetcher_new_offline();
    self->remote = get_remote;
    return self;
}
