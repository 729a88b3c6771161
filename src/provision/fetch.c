/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Getting what configurations refer to: which URL means what, when to try again, unpacking and
 * verifying. The bytes move in base/http-call; buckets of Amazon are in fetch-s3.c.
 */
#include "provision/fetch-private.h"

#include "base/error.h"
#include "provision/data-url.h"
#include "provision/envelope/unpack.h"
#include "provision/error.h"
#include "provision/value.h"

#include <string.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 5000

ProvisionFetcher *provision_fetcher_new(void)
{
    ProvisionFetcher *self = g_new0(ProvisionFetcher, 1);
    self->give_up_s = PROVISION_FETCH_GIVE_UP_S;
    self->headers_s = PROVISION_FETCH_HEADERS_S;
    return self;
}

void provision_fetcher_free(ProvisionFetcher *self)
{
    if (self == NULL)
        return;
    g_free(self->http_proxy);
    g_free(self->https_proxy);
    g_free(self->no_proxy);
    g_clear_pointer(&self->authorities, g_bytes_unref);
    g_free(self);
}

void provision_fetcher_set_offline(ProvisionFetcher *self, bool offline)
{
    self->offline = offline;
}

void provision_fetcher_set_timeouts(ProvisionFetcher *self, int64_t headers_s, int64_t total_s)
{
    const int64_t max_s = 24 * 3600;
    self->headers_s = headers_s < 0 ? PROVISION_FETCH_HEADERS_S : (unsigned)MIN(headers_s, max_s);
    self->total_s = total_s < 0 ? 0 : (unsigned)MIN(total_s, max_s);
}

void provision_fetcher_set_give_up(ProvisionFetcher *self, unsigned seconds)
{
    self->give_up_s = seconds;
}

void provision_fetcher_set_proxies(ProvisionFetcher *self, const char *http, const char *https,
                                   const char *no_proxy)
{
    g_free(self->http_proxy);
    g_free(self->https_proxy);
    g_free(self->no_proxy);
    self->http_proxy = g_strdup(http);
    self->https_proxy = g_strdup(https);
    self->no_proxy = g_strdup(no_proxy);
}

void provision_fetcher_set_authorities(ProvisionFetcher *self, GBytes *pem)
{
    g_clear_pointer(&self->authorities, g_bytes_unref);
    self->authorities = pem != NULL ? g_bytes_ref(pem) : NULL;
}

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
        left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
        if (is_final(local) || left_ms <= backoff_ms) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        g_debug("%s; again in %d ms", local->message, (int)backoff_ms);
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

static GBytes *get_raw(ProvisionFetcher *self, const ProvisionContents *contents,
                       uint64_t max_bytes, GCancellable *cancellable, GError **error)
{
    if (contents->inline_bytes != NULL)
        return g_bytes_ref(contents->inline_bytes);
    if (contents->url == NULL || contents->url[0] == '\0')
        return g_bytes_new_static("", 0);
    if (g_ascii_strncasecmp(contents->url, "data:", 5) == 0)
        return provision_data_url_decode(contents->url, error);
    if (self == NULL || self->offline) {
        g_autofree char *url = base_http_public_url(contents->url);
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NEED_NETWORK,
                    "‘%s’ has to be fetched, and there is no network yet", url);
        return NULL;
    }
    return get_remote(self, contents, max_bytes, cancellable, error);
}

static bool verify(const ProvisionContents *contents, GBytes *bytes, GError **error)
{
    if (contents->verification == NULL)
        return true;
    const char *wanted = strchr(contents->verification, '-');
    GChecksumType type =
        g_str_has_prefix(contents->verification, "sha512-") ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA256;
    g_autofree char *got = g_compute_checksum_for_bytes(type, bytes);
    if (wanted != NULL && g_ascii_strcasecmp(wanted + 1, got) == 0)
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_REFUSED,
                "its digest is %s, and the configuration wants %s", got,
                wanted != NULL ? wanted + 1 : contents->verification);
    return false;
}

GBytes *provision_fetcher_get(ProvisionFetcher *self, const ProvisionContents *contents,
                              uint64_t max_bytes, GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = get_raw(self, contents, max_bytes, cancellable, &local);
    if (bytes != NULL && g_strcmp0(contents->compression, "gzip") == 0) {
        g_autoptr(GBytes) packed = g_steal_pointer(&bytes);
        bytes = provision_unpack(packed, max_bytes, &local);
    }
    if (bytes != NULL && verify(contents, bytes, &local))
        return g_steal_pointer(&bytes);
    g_autofree char *place = contents->at.line > 0
                                 ? g_strdup_printf("%s:%u:%u: ", contents->at.source,
                                                   contents->at.line, contents->at.column)
                                 : g_strdup("");
    g_propagate_prefixed_error(error, g_steal_pointer(&local), "%s", place);
    return NULL;
}

GBytes *provision_fetcher_get_contents(void *fetcher, const ProvisionContents *contents,
                                       GCancellable *cancellable, GError **error)
{
    return provision_fetcher_get(fetcher, contents, PROVISION_FETCH_MAX_BYTES, cancellable, error);
}

GBytes *provision_fetcher_get_url(gpointer fetcher, const char *url, uint64_t max_bytes,
                                  GCancellable *cancellable, GError **error)
{
    const ProvisionContents contents = {.url = (char *)url};
    return provision_fetcher_get(fetcher, &contents, max_bytes, cancellable, error);
}
