/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Locked rpms that their repositories have dropped: the store has their headers, which say what
 * they need as the repository's metadata did.
 */
#include "packages/rpm/lost.h"

#include "packages/import.h"
#include "packages/rpm/solve-private.h"

#include <rpm/header.h>
#include <solv/knownid.h>
#include <solv/repo_rpmdb.h>
#include <string.h>

#define HEADER_MIN_BYTES 8
#define HEADER_MAX_BYTES (256 * 1024 * 1024)
/* no repository has such a path, and nobody looks there: what is imported needs no file */
#define LOCATION "lost/"

static char *key_of(const char *name, const char *evr, const char *arch)
{
    return g_strdup_printf("%s-%s.%s", name, evr, arch);
}

static GHashTable *index_pool(Pool *pool)
{
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (Id p = 2; p < pool->nsolvables; p++) {
        const Solvable *s = pool_id2solvable(pool, p);
        if (s->repo != NULL)
            g_hash_table_add(known, key_of(pool_id2str(pool, s->name), pool_id2str(pool, s->evr),
                                           pool_id2str(pool, s->arch)));
    }
    return known;
}

static Repo *find_repo(Pool *pool, const char *id)
{
    int i;
    Repo *repo;
    FOR_REPOS(i, repo)
    {
        if (strcmp(repo->name, id) == 0)
            return repo;
    }
    return NULL;
}

static bool add_header(Repo *repo, const PackagesPackage *pin, GBytes *bytes, GError **error)
{
    size_t size_bytes = 0;
    void *data = (void *)(uintptr_t)g_bytes_get_data(bytes, &size_bytes);
    Header header = size_bytes >= HEADER_MIN_BYTES && size_bytes <= HEADER_MAX_BYTES
                        ? headerImport(data, (unsigned)size_bytes, HEADERIMPORT_COPY)
                        : NULL;
    /* owns what it makes of the header; no database is opened */
    void *state = rpm_state_create(repo->pool, NULL);
    void *head = header != NULL ? rpm_byrpmh(state, header) : NULL;
    Id p = head != NULL ? repo_add_rpm_handle(repo, head, 0) : 0;
    (void)rpm_state_free(state);
    (void)headerFree(header);
    if (p == 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "the header kept with package ‘%s’ is damaged", pin->name);
        return false;
    }
    g_autofree char *location = g_strconcat(LOCATION, pin->sha256, ".rpm", NULL);
    Repodata *more = repo_add_repodata(repo, 0);
    repodata_set_location(more, p, 0, NULL, location);
    repodata_set_checksum(more, p, SOLVABLE_CHECKSUM, REPOKEY_TYPE_SHA256, pin->sha256);
    repodata_set_num(more, p, SOLVABLE_DOWNLOADSIZE, pin->size_bytes);
    repodata_internalize(more);
    return true;
}

bool packages_rpm_lost_add(PackagesRpmSolver *solver, const GPtrArray *pins, const Store *store,
                           GError **error)
{
    Pool *pool = solver->base->pool;
    g_autoptr(GHashTable) known = index_pool(pool);
    for (guint i = 0; i < pins->len; i++) {
        const PackagesPackage *pin = pins->pdata[i];
        g_autofree char *key = key_of(pin->name, pin->version, pin->arch);
        Repo *repo = find_repo(pool, pin->repo_id);
        if (repo == NULL || g_hash_table_contains(known, key))
            continue;
        g_autoptr(PackagesImported) imported =
            packages_import_load(store_get_build_repo(store), pin);
        if (imported != NULL && imported->header != NULL &&
            !add_header(repo, pin, imported->header, error))
            return false;
    }
    return true;
}

void packages_rpm_lost_restore(GPtrArray *packages, const GPtrArray *pins)
{
    g_autoptr(GHashTable) by_digest = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < pins->len; i++)
        g_hash_table_insert(by_digest, ((PackagesPackage *)pins->pdata[i])->sha256, pins->pdata[i]);
    for (guint i = 0; i < packages->len; i++) {
        PackagesPackage *package = packages->pdata[i];
        const PackagesPackage *pin = g_hash_table_lookup(by_digest, package->sha256);
        g_autofree char *lost = g_strconcat("/" LOCATION, package->sha256, ".rpm", NULL);
        if (pin == NULL || !g_str_has_suffix(package->url, lost))
            continue;
        g_free(package->url);
        g_free(package->path);
        g_clear_pointer(&package->mirrors, g_strfreev);
        package->url = g_strdup(pin->url);
        package->path = g_strdup(pin->path);
        package->installed_bytes = pin->installed_bytes;
    }
}
