/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "manifest/manifest.h"
#include "packages/package.h"
#include "store/store.h"

G_BEGIN_DECLS

/**
 * PackagesRpmSeen: told of each repository: its id and its metadata's time since the epoch
 */
typedef void (*PackagesRpmSeen)(const char *repo_id, int64_t time_s, void *user_data);

/**
 * PackagesRpmResolve:
 * @manifest: what is wanted, of rpm-md repositories
 * @cache_dir: directory for metadata, made when missing
 * @arch: in Debian's or rpm's words
 * @pins: (nullable) (element-type PackagesPackage): versions to hold while they are to be had
 * @store: (nullable): what it has imported stands in for pins that repositories have no more
 * @seen: (nullable): see #PackagesRpmSeen
 * @user_data: for @seen
 * @progress: (nullable)
 *
 * What to choose rpm packages by. All borrowed.
 */
typedef struct {
    const Manifest *manifest;
    const char *cache_dir;
    const char *arch;
    const GPtrArray *pins;
    const Store *store;
    PackagesRpmSeen seen;
    void *user_data;
    const BaseProgress *progress;
} PackagesRpmResolve;

/**
 * packages_rpm_resolve: packages_resolve() for rpm-md repositories
 *
 * Returns: (transfer full) (element-type PackagesPackage): the choice
 */
GPtrArray *packages_rpm_resolve(const PackagesRpmResolve *self, GCancellable *cancellable,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
