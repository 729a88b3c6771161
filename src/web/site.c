/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one listener serves: opened and checked before the first request comes.
 */
#include "web/site.h"

#include "base/error.h"
#include "base/fd.h"

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

WebSite *web_site_new(const char *repo_path, GError **error)
{
    g_autoptr(WebSite) self = g_new0(WebSite, 1);
    self->repo_path = g_strdup(repo_path);
    self->repo_dfd = base_fd_open_dir(AT_FDCWD, repo_path, error);
    if (self->repo_dfd < 0) {
        g_prefix_error(error, "no published repository (run ‘atoll compose’ first, or name one "
                              "with --repo): ");
        return NULL;
    }
    return check_repo(self, error) ? g_steal_pointer(&self) : NULL;
}

void web_site_free(WebSite *self)
{
    if (self == NULL)
        return;
    base_fd_clear(&self->repo_dfd);
    g_free(self->repo_path);
    g_free(self);
}
