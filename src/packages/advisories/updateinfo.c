/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * updateinfo.xml of rpm repositories, read by libsolv.
 */
#include "packages/advisories/advisories-private.h"

#include <solv/knownid.h>
#include <solv/repo.h>
#include <solv/repo_updateinfoxml.h>
#include <string.h>

/* Identifiers of what it fixes: CVE names, with blanks between. */
static char *find_aliases(Pool *pool, Repo *repo, Id solvable)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Dataiterator iter;
    (void)dataiterator_init(&iter, pool, repo, solvable, UPDATE_REFERENCE, NULL, 0);
    while (dataiterator_step(&iter)) {
        dataiterator_setpos(&iter);
        const char *id = pool_lookup_str(pool, SOLVID_POS, UPDATE_REFERENCE_ID);
        if (id != NULL && g_str_has_prefix(id, "CVE-"))
            g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", id);
    }
    dataiterator_free(&iter);
    return out->len > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

static void judge(PackagesAdvisories *self, Repo *repo, Id solvable, const char *name,
                  const char *evr, const char *arch)
{
    Pool *pool = repo->pool;
    GPtrArray *subjects = g_hash_table_lookup(self->by_name, name);
    for (guint i = 0; subjects != NULL && i < subjects->len; i++) {
        const PackagesSubject *subject = subjects->pdata[i];
        if (strcmp(subject->arch, arch) != 0 ||
            !packages_advisories_is_older(self, subject->version, evr))
            continue;
        const char *patch = pool_id2str(pool, pool->solvables[solvable].name);
        const char *id = g_str_has_prefix(patch, "patch:") ? patch + strlen("patch:") : patch;
        const char *severity = pool_lookup_str(pool, solvable, UPDATE_SEVERITY);
        PackagesFinding *finding = packages_advisories_add(self, subject, id);
        finding->fixed = g_strdup(evr);
        finding->title = g_strdup(pool_lookup_str(pool, solvable, SOLVABLE_SUMMARY));
        finding->aliases = find_aliases(pool, repo, solvable);
        if (severity != NULL)
            (void)packages_severity_parse(severity, &finding->severity);
    }
}

static void match_update(PackagesAdvisories *self, Repo *repo, Id solvable)
{
    Pool *pool = repo->pool;
    const char *category = pool_lookup_str(pool, solvable, SOLVABLE_PATCHCATEGORY);
    if (g_strcmp0(category, "security") != 0)
        return;
    Dataiterator iter;
    (void)dataiterator_init(&iter, pool, repo, solvable, UPDATE_COLLECTION, NULL, 0);
    while (dataiterator_step(&iter)) {
        dataiterator_setpos(&iter);
        Id name = pool_lookup_id(pool, SOLVID_POS, UPDATE_COLLECTION_NAME);
        Id evr = pool_lookup_id(pool, SOLVID_POS, UPDATE_COLLECTION_EVR);
        Id arch = pool_lookup_id(pool, SOLVID_POS, UPDATE_COLLECTION_ARCH);
        if (name != 0 && evr != 0 && arch != 0)
            judge(self, repo, solvable, pool_id2str(pool, name), pool_id2str(pool, evr),
                  pool_id2str(pool, arch));
    }
    dataiterator_free(&iter);
}

bool packages_advisories_updateinfo(PackagesAdvisories *self, FILE *file, GError **error)
{
    if (strcmp(self->audit->format, "rpm") != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "updateinfo is about rpms, and this tree is of %ss", self->audit->format);
        return false;
    }
    Pool *pool = pool_create();
    /* a pool of its own, which goes away with what was read into it */
    g_assert(pool_setdisttype(pool, DISTTYPE_RPM) >= 0);
    Repo *repo = repo_create(pool, "updateinfo");
    bool ok = repo_add_updateinfoxml(repo, file, 0) == 0 && ferror(file) == 0;
    if (!ok)
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "malformed updateinfo: %s",
                    pool_errstr(pool));
    for (Id solvable = repo->start; ok && solvable < repo->end; solvable++)
        if (pool->solvables[solvable].repo == repo)
            match_update(self, repo, solvable);
    pool_free(pool);
    return ok;
}
