/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ostree.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * HostCommit:
 * @checksum: in hex
 * @version: (nullable): from its metadata
 * @timestamp: when it was made, seconds since 1970
 * @object: the commit object
 * @detached: (nullable): its detached metadata
 * @key: (nullable): base64 of the key that signed it, once verified
 */
typedef struct {
    char *checksum;
    char *version;
    uint64_t timestamp;
    GVariant *object;
    GVariant *detached;
    char *key;
} HostCommit;

void host_commit_free(HostCommit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostCommit, host_commit_free)

/** host_commit_load: reads a commit of @repo, unverified */
HostCommit *host_commit_load(OstreeRepo *repo, const char *checksum,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_commit_label: (transfer full): "VERSION (CHECKSUM…)", or the checksum alone, to print */
char *host_commit_label(const HostCommit *self);

G_END_DECLS
