/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one listener serves: opened and checked before the first request comes.
 */
#include "web/site.h"

#include "base/error.h"
#include "base/fd.h"
#include "web/web-assets.h"

#include <fcntl.h>
#include <ostree.h>
#include <stdbool.h>

static bool check_repo(WebSite *self, GError **error)
{
    g_autoptr(OstreeRepo) repo = ostree_repo_open_at(self->repo_dfd, ".", NULL, error);
    if (repo == NULL) {
        g_prefix_error(error, "‘%s’ is not an OSTree repository: ", self->repo_path);
        return false;
    }
    if (ostree_repo_get_mode(repo) != OSTREE_REPO_MODE_ARCHIVE)
        return base_error_set(error, BASE_ERROR_INVALID,
                              "repository ‘%s’ is not in archive mode, clients cannot pull from "
                              "it over HTTP: serve the published repository",
                              self->repo_path);
    return true;
}

static bool open_repo(WebSite *self, const WebSiteOptions *options, GError **error)
{
    if (options->repo_path == NULL)
        return true;
    if (options->repo_may_be_missing && !g_file_test(options->repo_path, G_FILE_TEST_EXISTS))
        return true;
    self->repo_path = g_strdup(options->repo_path);
    self->repo_dfd = base_fd_open_dir(AT_FDCWD, options->repo_path, error);
    if (self->repo_dfd < 0) {
        g_prefix_error(error, "no published repository (run ‘atoll compose’ first, or name one "
                              "with --repo): ");
        return false;
    }
    return check_repo(self, error);
}

static bool open_log(WebSite *self, const WebSiteOptions *options, GError **error)
{
    if (options->database == NULL)
        return true;
    self->database = g_strdup(options->database);
    self->logs = web_logs_new(options->database, options->state_dir, error);
    if (self->logs != NULL)
        self->feed = web_feed_new(options->database, self->logs, error);
    if (self->feed == NULL)
        g_prefix_error(error, "opening the event log: ");
    return self->feed != NULL;
}

WebSite *web_site_new(const WebSiteOptions *options, GError **error)
{
    g_autoptr(WebSite) self = g_new0(WebSite, 1);
    self->repo_dfd = -1;
    self->secure = options->secure;
    /* made on first use, which must not be by two threads at once */
    (void)web_assets_get_resource();
    self->graph_path = g_build_filename(options->state_dir, "graph", NULL);
    if (!open_repo(self, options, error) || !open_log(self, options, error))
        return NULL;
    return g_steal_pointer(&self);
}

void web_site_stop(WebSite *self)
{
    if (self->feed != NULL)
        web_feed_stop(self->feed);
}

void web_site_free(WebSite *self)
{
    if (self == NULL)
        return;
    web_feed_free(self->feed);
    web_logs_free(self->logs);
    base_fd_clear(&self->repo_dfd);
    g_free(self->repo_path);
    g_free(self->graph_path);
    g_free(self->database);
    g_free(self);
}
