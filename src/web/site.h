/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * WebSite:
 * @repo_path: the published repo, as given
 * @repo_dfd: its directory (owned)
 *
 * What the handlers serve. Made once, then shared by all threads and never changed.
 */
typedef struct {
    char *repo_path;
    int repo_dfd;
} WebSite;

/**
 * web_site_new:
 * @repo_path: an archive repo
 * @error: says how to make one when there is none
 */
WebSite *web_site_new(const char *repo_path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void web_site_free(WebSite *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebSite, web_site_free)

G_END_DECLS
