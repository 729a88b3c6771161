/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a manifest to its packages: sources, their indexes, the solver.
 */
#include "packages/resolve.h"

#include "packages/metadata.h"
#include "packages/solve.h"

GPtrArray *packages_resolve(const Manifest *manifest, const char *cache_dir, const char *arch,
                            const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    base_progress_phase(progress, "metadata");
    g_autoptr(GPtrArray) sources = packages_sources_load(manifest->repos, "", arch, error);
    if (sources == NULL)
        return NULL;
    g_autoptr(GPtrArray) indexes =
        packages_metadata_refresh(sources, cache_dir, arch, progress, cancellable, error);
    if (indexes == NULL)
        return NULL;

    base_progress_phase(progress, "solving");
    g_autoptr(PackagesSolver) solver = packages_solver_new(arch);
    for (unsigned i = 0; i < indexes->len; i++)
        if (!packages_solver_add(solver, g_ptr_array_index(indexes, i), error))
            return NULL;
    return packages_solver_run(solver, manifest, error);
}
