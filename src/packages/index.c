/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brings an index into libsolv: from the copy in libsolv's form when there is one, else from
 * its text, leaving that copy for the next time.
 */
#include "packages/index.h"

#include "base/error.h"
#include "packages/solvcache.h"

#include <errno.h>
#include <solv/solv_xfopen.h>

/* Part of the copy's name: raise it whenever packages_index_parse() makes something else. */
#define COPY_VERSION 1

typedef FILE Stream;

static void stream_close(Stream *stream)
{
    (void)fclose(stream);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_close)

void packages_index_free(PackagesIndex *self)
{
    if (self == NULL)
        return;
    g_free(self->path);
    g_free(self->sha256);
    g_free(self);
}

static char *copy_path(const PackagesIndex *self)
{
    g_autofree char *directory = g_path_get_dirname(self->path);
    return g_strdup_printf("%s/%s-%d.solv", directory, self->sha256, COPY_VERSION);
}

bool packages_index_load(const PackagesIndex *self, Repo *repo, GError **error)
{
    g_autofree char *copy = copy_path(self);
    if (packages_solvcache_load(copy, repo))
        return true;
    g_autoptr(Stream) text = solv_xfopen(self->path, "r");
    if (text == NULL)
        return base_error_set_errno(error, errno, "opening ‘%s’", self->path);
    if (!packages_index_parse(repo, text, error)) {
        g_prefix_error(error, "packages of ‘%s’ (%s): ", self->source->url, self->path);
        return false;
    }
    return packages_solvcache_write(copy, repo, error);
}
