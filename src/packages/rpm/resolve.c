/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a manifest with rpm-md repositories to its packages.
 */
#include "packages/rpm/resolve.h"

#include "base/fd.h"
#include "packages/rpm/lost.h"
#include "packages/rpm/solve.h"

#include <string.h>

typedef struct {
    const PackagesRpmResolve *options;
    GCancellable *cancellable;
    GPtrArray *metadata;      /* owned: PackagesRpmMetadata */
    PackagesComps *comps;     /* owned */
    PackagesModules *modules; /* owned */
} Resolve;

static void resolve_clear(Resolve *self)
{
    g_clear_pointer(&self->metadata, g_ptr_array_unref);
    packages_comps_free(self->comps);
    packages_modules_free(self->modules);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Resolve, resolve_clear)

static const char *rpm_arch(const char *arch)
{
    static const char *const pairs[][2] = {{"amd64", "x86_64"},
                                           {"arm64", "aarch64"},
                                           {"i386", "i686"},
                                           {"armhf", "armv7hl"},
                                           {"ppc64el", "ppc64le"}};
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (strcmp(pairs[i][0], arch) == 0)
            return pairs[i][1];
    return arch;
}

static bool wants_groups(const Manifest *manifest)
{
    for (guint i = 0; i < manifest->packages->len; i++)
        if (*((const ManifestString *)manifest->packages->pdata[i])->text == '@')
            return true;
    return false;
}

static bool wants_advisories(const Manifest *manifest)
{
    return g_strcmp0(manifest->advisories_metadata, "disabled") != 0;
}

static bool refresh(Resolve *self, GError **error)
{
    const PackagesRpmResolve *options = self->options;
    const char *types[5] = {"primary", "modules"};
    size_t n_types = 2;
    if (wants_groups(options->manifest))
        types[n_types++] = "group";
    if (wants_advisories(options->manifest))
        types[n_types++] = "updateinfo";
    for (guint i = 0; i < options->manifest->repos->len; i++) {
        PackagesRpmMetadata *metadata =
            packages_rpm_metadata_refresh(options->manifest->repos->pdata[i], options->cache_dir,
                                          options->progress, self->cancellable, error);
        if (metadata == NULL)
            return false;
        g_ptr_array_add(self->metadata, metadata);
        if (!packages_rpm_metadata_fetch(metadata, types, options->progress, self->cancellable,
                                         error))
            return false;
        if (options->seen != NULL)
            options->seen(metadata->repo->id, metadata->repomd->time_s, options->user_data);
    }
    return true;
}

/* The text of @type, or NULL without an error when the repository has none. */
static GBytes *read_text(const PackagesRpmMetadata *metadata, const char *type, size_t max_bytes,
                         GError **error)
{
    if (packages_repomd_find(metadata->repomd, type) == NULL)
        return NULL;
    base_autofd fd = packages_rpm_metadata_open(metadata, type, error);
    if (fd < 0)
        return NULL;
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    return base_fd_read_file(-1, path, max_bytes, error);
}

static bool read_extras(Resolve *self, const PackagesRpmMetadata *metadata, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(GBytes) modules = read_text(metadata, "modules", PACKAGES_MODULES_MAX_BYTES, &inner);
    g_autoptr(GBytes) comps = inner == NULL && wants_groups(self->options->manifest)
                                  ? read_text(metadata, "group", PACKAGES_COMPS_MAX_BYTES, &inner)
                                  : NULL;
    if (inner == NULL &&
        (modules == NULL || packages_modules_add(self->modules, modules, &inner)) &&
        (comps == NULL || packages_comps_add(self->comps, comps, &inner)))
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&inner),
                               "repository ‘%s’: ", metadata->repo->id);
    return false;
}

static bool fetch_files(Resolve *self, PackagesRpmSolver *solver, GError **error)
{
    static const char *const types[] = {"filelists", NULL};
    for (guint i = 0; i < self->metadata->len; i++)
        if (!packages_rpm_metadata_fetch(self->metadata->pdata[i], types, self->options->progress,
                                         self->cancellable, error))
            return false;
    return packages_rpm_solver_add_files(solver, error);
}

GPtrArray *packages_rpm_resolve(const PackagesRpmResolve *self, GCancellable *cancellable,
                                GError **error)
{
    g_auto(Resolve) resolve = {
        .options = self,
        .cancellable = cancellable,
        .metadata = g_ptr_array_new_with_free_func((GDestroyNotify)packages_rpm_metadata_free),
        .comps = packages_comps_new(),
        .modules = packages_modules_new(),
    };
    base_progress_phase(self->progress, "fetching metadata");
    if (!refresh(&resolve, error))
        return NULL;
    base_progress_phase(self->progress, "solving");
    g_autoptr(PackagesRpmSolver) solver = packages_rpm_solver_new(rpm_arch(self->arch));
    for (guint i = 0; i < resolve.metadata->len; i++)
        if (!read_extras(&resolve, resolve.metadata->pdata[i], error) ||
            !packages_rpm_solver_add(solver, resolve.metadata->pdata[i], error))
            return NULL;
    if (self->pins != NULL && self->store != NULL &&
        !packages_rpm_lost_add(solver, self->pins, self->store, error))
        return NULL;
    if (packages_rpm_solver_needs_files(solver, self->manifest) &&
        !fetch_files(&resolve, solver, error))
        return NULL;
    PackagesRpmQuestion question = {.manifest = self->manifest,
                                    .comps = resolve.comps,
                                    .modules = resolve.modules,
                                    .pins = self->pins};
    GPtrArray *packages = packages_rpm_solver_run(solver, &question, error);
    if (packages != NULL && self->pins != NULL)
        packages_rpm_lost_restore(packages, self->pins);
    return packages;
}
