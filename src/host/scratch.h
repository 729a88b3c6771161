/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ostree.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * HostScratch:
 * @path: (owned): its directory
 * @repo: (owned): an archive repo with one remote of the host's
 *
 * Where a remote is asked without touching the host's own repo.
 */
typedef struct {
    char *path;
    OstreeRepo *repo;
} HostScratch;

/** host_scratch_open: makes one; @remote is a remote of @host_repo */
bool host_scratch_open(HostScratch *self, OstreeRepo *host_repo, const char *remote,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_scratch_clear: removes it */
void host_scratch_clear(HostScratch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostScratch, host_scratch_clear)

G_END_DECLS
