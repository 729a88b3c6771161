/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Getting what configurations refer to: what has its contents in itself, unpacking and
 * verifying. What comes over the network is in fetch-network.c: who needs none links none.
 */
#include "provision/fetch-private.h"

#include "base/error.h"
#include "provision/data-url.h"
#include "provision/envelope/unpack.h"
#include "provision/error.h"
#include "provision/value.h"

#include <string.h>

ProvisionFetcher *provision_fetcher_new_offline(void)
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

static GBytes *get_raw(ProvisionFetcher *self, const ProvisionContents *contents,
                       uint64_t max_bytes, GCancellable *cancellable, GError **error)
{
    if (contents->inline_bytes != NULL)
        return g_bytes_ref(contents->inline_bytes);
    if (contents->url == NULL || contents->url[0] == '\0')
        return g_bytes_new_static("", 0);
    if (g_ascii_strncasecmp(contents->url, "data:", 5) == 0)
        return provision_data_url_decode(contents->url, error);
    if (self == NULL || self->offline || self->remote == NULL) {
        g_autofree char *url = base_http_public_url(contents->url);
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NEED_NETWORK,
                    "‘%s’ has to be fetched, and there is no network yet", url);
        return NULL;
    }
    return self->remote(self, contents, max_bytes, cancellable, error);
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
