/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/commit.h"

G_BEGIN_DECLS

/** HOST_SIZES_KEY: detached metadata that atoll's publisher writes; packed as ‘ostree.sizes’ */
#define HOST_SIZES_KEY "atoll.sizes"

/**
 * HostSizes:
 * @n_objects: that the host lacks
 * @fetch_bytes: what they take on the wire
 * @disk_bytes: what they take here
 */
typedef struct {
    uint64_t n_objects;
    uint64_t fetch_bytes;
    uint64_t disk_bytes;
} HostSizes;

/**
 * host_sizes_load:
 * @commit: a commit
 *
 * Reads ‘ostree.sizes’ of the commit, else ‘atoll.sizes’ beside it. The latter is not signed: it is
 * good for planning, and for nothing that must be true.
 *
 * Returns: (transfer full) (nullable) (element-type OstreeCommitSizesEntry): its objects; %NULL
 *   when the commit does not say
 */
GPtrArray *host_sizes_load(const HostCommit *commit);

/** host_sizes_missing: what @repo lacks of @list */
HostSizes host_sizes_missing(OstreeRepo *repo, const GPtrArray *list);

/** host_sizes_strip: (transfer full) (nullable): detached metadata without the sizes, which only
 * matter before the fetch */
GVariant *host_sizes_strip(GVariant *detached);

G_END_DECLS
