/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/http-call.h"
#include "provision/fetch.h"

struct _ProvisionFetcher {
    bool offline;
    unsigned headers_s;
    unsigned total_s; /* 0: none of the config's own */
    unsigned give_up_s;
    char *http_proxy;
    char *https_proxy;
    char *no_proxy;
    GBytes *authorities;
    /* (nullable): for what is not in a URL itself */
    GBytes *(*remote)(ProvisionFetcher *self, const ProvisionContents *contents, uint64_t max_bytes,
                      GCancellable *cancellable, GError **error);
};

/** provision_fetcher_call: @wanted with all its tries and redirects */
bool provision_fetcher_call(ProvisionFetcher *self, const BaseHttpCall *wanted,
                            BaseHttpAnswer *out_answer, GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_fetcher_get_s3: @call's url is s3://BUCKET/KEY or arn:aws:s3:::BUCKET/KEY: without
 * credentials first, then with those of the instance's role */
GBytes *provision_fetcher_get_s3(ProvisionFetcher *self, const BaseHttpCall *call,
                                 GCancellable *cancellable,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
