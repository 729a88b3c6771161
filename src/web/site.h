/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/feed.h"
#include "web/logs.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * WebSite:
 * @repo_path: (nullable): the published repo, as given; %NULL when there is none
 * @repo_dfd: its directory (owned), or -1
 * @graph_path: directory of the update graphs, STREAM/BASEARCH.json; it may be missing
 * @database: (nullable): the state database; %NULL serves no events
 * @logs: (nullable): connections to it
 * @feed: (nullable): its live end
 * @secure: clients come by TLS
 *
 * What the handlers serve. Made once, then shared by all threads; @logs and @feed lock
 * themselves, the rest never changes.
 */
typedef struct {
    char *repo_path;
    int repo_dfd;
    char *graph_path;
    char *database;
    WebLogs *logs;
    WebFeed *feed;
    bool secure;
} WebSite;

/**
 * WebSiteOptions:
 * @repo_path: (nullable): an archive repo
 * @repo_may_be_missing: then the site has no repo; it must be good when it is there
 * @database: (nullable): as base_db_open() wants it
 * @state_dir: where the signing key and the update graphs are
 * @secure: the listener speaks TLS
 */
typedef struct {
    const char *repo_path;
    bool repo_may_be_missing;
    const char *database;
    const char *state_dir;
    bool secure;
} WebSiteOptions;

/**
 * web_site_new:
 * @options: what to serve
 * @error: says how to make a repo when there is none, or what is wrong with the database
 */
WebSite *web_site_new(const WebSiteOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_site_stop: ends all streams, so that the listener can stop */
void web_site_stop(WebSite *self);

void web_site_free(WebSite *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebSite, web_site_free)

G_END_DECLS
