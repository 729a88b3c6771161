/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts a manifest to libsolv as a question and reads its answer. What to prefer among several
 * answers is packages/solve-prefer.c's, why there is none packages/solve-explain.c's.
 */
#include "packages/solve.h"

#include "packages/formats/deb.h"
#include "packages/solve-private.h"

#include <solv/knownid.h>
#include <solv/poolarch.h>
#include <string.h>

PackagesSolver *packages_solver_new(const char *arch)
{
    PackagesSolver *self = g_new0(PackagesSolver, 1);
    self->pool = pool_create();
    g_assert(pool_setdisttype(self->pool, DISTTYPE_DEB) >= 0);
    pool_setarchpolicy(self->pool, arch);
    queue_init(&self->jobs);
    self->places = g_ptr_array_new();
    self->priority_key = pool_str2id(self->pool, PACKAGES_INDEX_PRIORITY, 1);
    return self;
}

void packages_solver_free(PackagesSolver *self)
{
    if (self == NULL)
        return;
    pool_free(self->pool);
    queue_free(&self->jobs);
    g_ptr_array_unref(self->places);
    g_free(self);
}

static Repo *new_repo(PackagesSolver *self, const PackagesIndex *index)
{
    Repo *repo = repo_create(self->pool, index->source->repo_id);
    repo->appdata = (void *)(uintptr_t)index;
    return repo;
}

bool packages_solver_add(PackagesSolver *self, const PackagesIndex *index, GError **error)
{
    return packages_index_load(index, new_repo(self, index), error);
}

bool packages_solver_add_text(PackagesSolver *self, const PackagesIndex *index, FILE *text,
                              GError **error)
{
    return packages_index_parse(new_repo(self, index), text, error);
}

/* --- the question --- */

static void add_job(PackagesSolver *self, Id how, Id what, const ManifestString *place)
{
    queue_push2(&self->jobs, how, what);
    g_ptr_array_add(self->places, (gpointer)(uintptr_t)place);
}

static void add_base(PackagesSolver *self)
{
    Pool *pool = self->pool;
    Id key = pool_str2id(pool, PACKAGES_INDEX_BASE, 1);
    Queue all;
    queue_init(&all);
    int i;
    Repo *repo;
    FOR_REPOS(i, repo)
    {
        Queue names;
        queue_init(&names);
        repo_lookup_idarray(repo, SOLVID_META, key, &names);
        for (int j = 0; j < names.count; j++)
            queue_pushunique(&all, names.elements[j]);
        queue_free(&names);
    }
    for (int j = 0; j < all.count; j++)
        add_job(self, SOLVER_INSTALL | SOLVER_SOLVABLE_NAME, all.elements[j], NULL);
    queue_free(&all);
}

static void find_providers(Pool *pool, Id name, Queue *out_names)
{
    Id p;
    Id pp;
    FOR_PROVIDES(p, pp, name)
    {
        queue_pushunique(out_names, pool_id2solvable(pool, p)->name);
    }
}

static bool add_provided(PackagesSolver *self, const ManifestString *wanted, Id name,
                         const Queue *providers, GError **error)
{
    bool real = false;
    for (int i = 0; i < providers->count; i++)
        real = real || providers->elements[i] == name;
    if (providers->count == 0) {
        packages_solver_explain_unknown(self, wanted, error);
        return false;
    }
    if (!real && providers->count > 1) {
        packages_solver_explain_virtual(self, wanted, providers, error);
        return false;
    }
    add_job(self, SOLVER_INSTALL | (real ? SOLVER_SOLVABLE_NAME : SOLVER_SOLVABLE_PROVIDES), name,
            wanted);
    return true;
}

static bool add_wanted(PackagesSolver *self, const ManifestString *wanted, GError **error)
{
    Id name = pool_str2id(self->pool, wanted->text, 0);
    Queue providers;
    queue_init(&providers);
    if (name != 0)
        find_providers(self->pool, name, &providers);
    bool ok = add_provided(self, wanted, name, &providers, error);
    queue_free(&providers);
    return ok;
}

static bool add_jobs(PackagesSolver *self, const Manifest *manifest, GError **error)
{
    add_base(self);
    for (unsigned i = 0; i < manifest->packages->len; i++)
        if (!add_wanted(self, g_ptr_array_index(manifest->packages, i), error))
            return false;
    for (unsigned i = 0; manifest->repo_packages != NULL && i < manifest->repo_packages->len; i++) {
        const ManifestRepoPackages *row = g_ptr_array_index(manifest->repo_packages, i);
        for (unsigned n = 0; n < row->packages->len; n++)
            if (!add_wanted(self, g_ptr_array_index(row->packages, n), error))
                return false;
    }
    for (unsigned i = 0; i < manifest->exclude_packages->len; i++) {
        const ManifestString *excluded = g_ptr_array_index(manifest->exclude_packages, i);
        Id name = pool_str2id(self->pool, excluded->text, 0);
        if (name != 0)
            add_job(self, SOLVER_LOCK | SOLVER_SOLVABLE_NAME, name, excluded);
    }
    return true;
}

/* --- the answer --- */

static char *join_url(const char *base, const char *path)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/!$&'()*+,;=:@", FALSE);
    return g_strconcat(base, "/", escaped, NULL);
}

static PackagesPackage *new_package(Pool *pool, Id p)
{
    Solvable *s = pool_id2solvable(pool, p);
    const PackagesSource *source = ((const PackagesIndex *)s->repo->appdata)->source;
    Id source_name = solvable_lookup_id(s, SOLVABLE_SOURCENAME);
    Id digest_type = 0;
    unsigned media = 0;
    const char *location = solvable_lookup_location(s, &media);
    PackagesPackage *package = g_new0(PackagesPackage, 1);
    package->format = &packages_deb_format;
    package->name = g_strdup(pool_id2str(pool, s->name));
    package->version = g_strdup(pool_id2str(pool, s->evr));
    package->arch = g_strdup(pool_id2str(pool, s->arch));
    package->source =
        source_name != 0 ? g_strdup(pool_id2str(pool, source_name)) : g_strdup(package->name);
    package->sha256 = g_strdup(solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &digest_type));
    package->size_bytes = solvable_lookup_num(s, SOLVABLE_DOWNLOADSIZE, 0);
    package->installed_bytes = solvable_lookup_num(s, SOLVABLE_INSTALLSIZE, 0);
    package->repo_id = g_strdup(source->repo_id);
    package->url = join_url(source->url, location);
    if (g_str_has_prefix(source->url, "file://"))
        package->path = g_build_filename(source->url + strlen("file://"), location, NULL);
    return package;
}

static int compare_packages(gconstpointer a, gconstpointer b)
{
    const PackagesPackage *left = *(const PackagesPackage *const *)a;
    const PackagesPackage *right = *(const PackagesPackage *const *)b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->arch, right->arch);
}

static GPtrArray *read_answer(PackagesSolver *self, Solver *solver)
{
    GPtrArray *packages = g_ptr_array_new_with_free_func((GDestroyNotify)packages_package_free);
    Queue decisions;
    queue_init(&decisions);
    solver_get_decisionqueue(solver, &decisions);
    for (int i = 0; i < decisions.count; i++)
        if (decisions.elements[i] > 0 && decisions.elements[i] != SYSTEMSOLVABLE)
            g_ptr_array_add(packages, new_package(self->pool, decisions.elements[i]));
    queue_free(&decisions);
    g_ptr_array_sort(packages, compare_packages);
    return packages;
}

static void add_favored(PackagesSolver *self, const Manifest *manifest)
{
    Queue favored;
    queue_init(&favored);
    packages_solver_prefer(self, manifest, &favored);
    if (favored.count > 0)
        add_job(self, SOLVER_FAVOR | SOLVER_SOLVABLE_ONE_OF,
                pool_queuetowhatprovides(self->pool, &favored), NULL);
    queue_free(&favored);
}

GPtrArray *packages_solver_run(PackagesSolver *self, const Manifest *manifest, GError **error)
{
    pool_createwhatprovides(self->pool);
    if (!add_jobs(self, manifest, error))
        return NULL;
    add_favored(self, manifest);
    Solver *solver = solver_create(self->pool);
    solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, manifest->recommends ? 0 : 1);
    GPtrArray *packages = NULL;
    if (solver_solve(solver, &self->jobs) == 0)
        packages = read_answer(self, solver);
    else
        packages_solver_explain(self, solver, error);
    solver_free(solver);
    return packages;
}
