/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/plan.h"

G_BEGIN_DECLS

#define PROVISION_FETCH_MAX_BYTES (256 * 1024 * 1024)
#define PROVISION_FETCH_GIVE_UP_S 300
#define PROVISION_FETCH_HEADERS_S 10
#define PROVISION_FETCH_MAX_REDIRECTS 10

/**
 * ProvisionFetcher:
 *
 * Gets what configurations refer to: data:, http, https, tftp and s3 URLs, and Amazon's arn: of an
 * object. Tries again with back-off (0.1 s, doubling to 5 s) what a server says is its fault (5xx)
 * and what the network loses; any other answer is final. Everything is bounded: size, time for the
 * head of an answer, time in all, redirects (which lose headers that were given).
 */
typedef struct _ProvisionFetcher ProvisionFetcher;

/** provision_fetcher_new: with Ignition's defaults, and %PROVISION_FETCH_GIVE_UP_S in all */
ProvisionFetcher *provision_fetcher_new(void);
/** provision_fetcher_new_offline: one that never uses the network: a program that only has this one
 * needs no libcurl */
ProvisionFetcher *provision_fetcher_new_offline(void);
void provision_fetcher_free(ProvisionFetcher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionFetcher, provision_fetcher_free)

/** provision_fetcher_set_offline: from now on what is not in the URL itself is
 * %PROVISION_ERROR_NEED_NETWORK */
void provision_fetcher_set_offline(ProvisionFetcher *self, bool offline);
/** provision_fetcher_set_timeouts: seconds until the head of an answer has come, and for one
 * answer; -1 for the default, 0 for none (the cap stays) */
void provision_fetcher_set_timeouts(ProvisionFetcher *self, int64_t headers_s, int64_t total_s);
/** provision_fetcher_set_give_up: seconds for one thing with all its tries */
void provision_fetcher_set_give_up(ProvisionFetcher *self, unsigned seconds);
/** provision_fetcher_set_proxies: (nullable) each; %NULL leaves it to the environment */
void provision_fetcher_set_proxies(ProvisionFetcher *self, const char *http, const char *https,
                                   const char *no_proxy);
/** provision_fetcher_set_authorities: PEM certificates that are trusted beside the system's;
 * %NULL: none */
void provision_fetcher_set_authorities(ProvisionFetcher *self, GBytes *pem);

/**
 * provision_fetcher_get:
 * @self: a fetcher
 * @contents: what to get: URL, headers, compression, digest
 * @max_bytes: more than this, packed or unpacked, is an error
 * @cancellable: (nullable)
 * @error: %PROVISION_ERROR_NEED_NETWORK, %PROVISION_ERROR_NOT_FOUND when the server says so,
 *   %PROVISION_ERROR_REFUSED when the digest differs, others; has the place, no secrets
 *
 * Returns: (transfer full): unpacked and verified
 */
GBytes *provision_fetcher_get(ProvisionFetcher *self, const ProvisionContents *contents,
                              uint64_t max_bytes, GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_fetcher_get_contents: provision_fetcher_get() of at most %PROVISION_FETCH_MAX_BYTES
 * for those who have a pointer to a #ProvisionFetcher as data (ProvisionApply.contents) */
GBytes *provision_fetcher_get_contents(void *fetcher, const ProvisionContents *contents,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_fetcher_get_url: as provision_fetcher_get(), for a plain URL (#ProvisionFetch) */
GBytes *provision_fetcher_get_url(gpointer fetcher, const char *url, uint64_t max_bytes,
                                  GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
