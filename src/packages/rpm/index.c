/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brings rpm-md metadata into libsolv.
 */
#include "packages/rpm/index.h"

#include "base/error.h"
#include "base/fd.h"
#include "packages/solvcache.h"

#include <errno.h>
#include <solv/repo_rpmmd.h>
#include <unistd.h>

/* Part of the copy's name: raise it whenever the same metadata gives something else. */
#define COPY_VERSION 1

typedef FILE Stream;

static void stream_close(Stream *stream)
{
    (void)fclose(stream);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_close)

static bool parse(Repo *repo, FILE *text, int flags, GError **error)
{
    if (repo_add_rpmmd(repo, text, NULL, flags) == 0)
        return true;
    g_autofree char *reason = g_utf8_make_valid(pool_errstr(repo->pool), -1);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "%s", reason);
    return false;
}

bool packages_rpm_index_parse(Repo *repo, FILE *text, GError **error)
{
    return parse(repo, text, 0, error);
}

static bool parse_type(const PackagesRpmMetadata *metadata, const char *type, Repo *repo, int flags,
                       GError **error)
{
    base_autofd fd = packages_rpm_metadata_open(metadata, type, error);
    if (fd < 0)
        return false;
    g_autoptr(Stream) text = fdopen(fd, "r");
    if (text == NULL)
        return base_error_set_errno(error, errno, "opening metadata");
    fd = -1;
    if (parse(repo, text, flags, error))
        return true;
    g_prefix_error(error, "repository ‘%s’, %s: ", metadata->repo->id, type);
    return false;
}

bool packages_rpm_index_load(const PackagesRpmMetadata *metadata, Repo *repo, GError **error)
{
    const PackagesRepomdRecord *record = packages_repomd_find(metadata->repomd, "primary");
    g_autofree char *copy =
        g_strdup_printf("%s/%s-rpm-%d.solv", metadata->dir, record->sha256, COPY_VERSION);
    if (packages_solvcache_load(copy, repo))
        return true;
    return parse_type(metadata, "primary", repo, 0, error) &&
           packages_solvcache_write(copy, repo, error);
}

bool packages_rpm_index_load_files(const PackagesRpmMetadata *metadata, Repo *repo, GError **error)
{
    return packages_repomd_find(metadata->repomd, "filelists") == NULL ||
           parse_type(metadata, "filelists", repo, REPO_EXTEND_SOLVABLES, error);
}
