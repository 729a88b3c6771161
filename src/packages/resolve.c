/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a manifest to its packages: sources, their indexes, the solver.
 */
#include "packages/resolve.h"

#include "packages/metadata.h"
#include "packages/pins.h"
#include "packages/rpm/resolve.h"
#include "packages/solve.h"

#include <string.h>

/* Id of the repository that a pin belongs to while it is in none; ids have no blanks. */
#define LOST_REPO "no repository"

void packages_snapshot_free(PackagesSnapshot *self)
{
    if (self == NULL)
        return;
    g_free(self->repo_id);
    g_free(self->suite);
    g_free(self);
}

/* A suite has an index for each of its components, and one state. */
static void note_snapshot(GPtrArray *snapshots, const PackagesIndex *index)
{
    for (guint i = 0; i < snapshots->len; i++) {
        const PackagesSnapshot *there = snapshots->pdata[i];
        if (strcmp(there->repo_id, index->source->repo_id) == 0 &&
            strcmp(there->suite, index->source->suite) == 0 && there->time_s == index->time_s)
            return;
    }
    PackagesSnapshot *snapshot = g_new0(PackagesSnapshot, 1);
    snapshot->repo_id = g_strdup(index->source->repo_id);
    snapshot->suite = g_strdup(index->source->suite);
    snapshot->time_s = index->time_s;
    g_ptr_array_add(snapshots, snapshot);
}

static bool pin(const PackagesResolve *self, PackagesSolver *solver, const PackagesIndex *lost,
                GError **error)
{
    PackagesPins pins = {.packages = self->pins, .store = self->store, .lost = lost};
    return self->pins == NULL || packages_solver_pin(solver, &pins, error);
}

/* What came back from the build repo is known by the pin that it is. */
static void restore(PackagesPackage *package, const GPtrArray *pins)
{
    for (guint i = 0; strcmp(package->repo_id, LOST_REPO) == 0 && i < pins->len; i++) {
        const PackagesPackage *pin = pins->pdata[i];
        if (strcmp(pin->name, package->name) != 0 || strcmp(pin->sha256, package->sha256) != 0)
            continue;
        g_free(package->repo_id);
        g_free(package->url);
        g_free(package->path);
        package->repo_id = g_strdup(pin->repo_id);
        package->url = g_strdup(pin->url);
        package->path = g_strdup(pin->path);
    }
}

static GPtrArray *solve(const PackagesResolve *self, const GPtrArray *indexes, GError **error)
{
    char repo_id[] = LOST_REPO, url[] = "file:///", suite[] = "";
    const PackagesSource nowhere = {.repo_id = repo_id, .url = url, .suite = suite};
    const PackagesIndex lost = {.source = &nowhere};
    g_autoptr(PackagesSolver) solver = packages_solver_new(self->arch);
    for (unsigned i = 0; i < indexes->len; i++) {
        const PackagesIndex *index = g_ptr_array_index(indexes, i);
        if (self->snapshots != NULL)
            note_snapshot(self->snapshots, index);
        if (!packages_solver_add(solver, index, error))
            return NULL;
    }
    packages_solver_restrict(solver, self->manifest);
    g_autoptr(GPtrArray) packages =
        pin(self, solver, &lost, error) ? packages_solver_run(solver, self->manifest, error) : NULL;
    for (guint i = 0; packages != NULL && self->pins != NULL && i < packages->len; i++)
        restore(packages->pdata[i], self->pins);
    return g_steal_pointer(&packages);
}

static void note_rpm_snapshot(const char *repo_id, int64_t time_s, void *snapshots)
{
    PackagesSnapshot *snapshot = g_new0(PackagesSnapshot, 1);
    snapshot->repo_id = g_strdup(repo_id);
    snapshot->suite = g_strdup("");
    snapshot->time_s = time_s;
    g_ptr_array_add(snapshots, snapshot);
}

/* A manifest has repositories of one kind. */
static bool is_rpm(const Manifest *manifest)
{
    return manifest->repos->len > 0 &&
           ((const ManifestRepo *)manifest->repos->pdata[0])->kind == MANIFEST_REPO_RPM;
}

GPtrArray *packages_resolve_pinned(const PackagesResolve *self, GCancellable *cancellable,
                                   GError **error)
{
    if (is_rpm(self->manifest)) {
        const PackagesRpmResolve resolve = {
            .manifest = self->manifest,
            .cache_dir = self->cache_dir,
            .arch = self->arch,
            .pins = self->pins,
            .store = self->store,
            .seen = self->snapshots != NULL ? note_rpm_snapshot : NULL,
            .user_data = self->snapshots,
            .progress = self->progress,
        };
        return packages_rpm_resolve(&resolve, cancellable, error);
    }
    base_progress_phase(self->progress, "fetching metadata");
    g_autoptr(GPtrArray) sources =
        packages_sources_load(self->manifest->repos, "", self->arch, error);
    if (sources == NULL)
        return NULL;
    g_autoptr(GPtrArray) indexes = packages_metadata_refresh(sources, self->cache_dir, self->arch,
                                                             self->progress, cancellable, error);
    if (indexes == NULL)
        return NULL;
    base_progress_phase(self->progress, "solving");
    return solve(self, indexes, error);
}

GPtrArray *packages_resolve(const Manifest *manifest, const char *cache_dir, const char *arch,
                            const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    const PackagesResolve resolve = {
        .manifest = manifest, .cache_dir = cache_dir, .arch = arch, .progress = progress};
    return packages_resolve_pinned(&resolve, cancellable, error);
}
