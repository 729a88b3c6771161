/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brings hostile primary metadata into libsolv, and solves for what it has first.
 */
#include "packages/rpm/solve.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void solve(PackagesRpmSolver *solver)
{
    char name[] = "a";
    ManifestString string = {.text = name, .place = {.file = name}};
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_ptr_array_add(wanted, &string);
    Manifest manifest = {.packages = wanted, .exclude_packages = none, .recommends = true};
    g_autoptr(PackagesComps) comps = packages_comps_new();
    g_autoptr(PackagesModules) modules = packages_modules_new();
    PackagesRpmQuestion question = {.manifest = &manifest, .comps = comps, .modules = modules};
    g_autoptr(GError) error = NULL;
    (void)packages_rpm_solver_needs_files(solver, &manifest);
    g_autoptr(GPtrArray) packages = packages_rpm_solver_run(solver, &question, &error);
    g_assert_true((packages == NULL) == (error != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char id[] = "fuzz";
    char *none[] = {NULL};
    ManifestRpmRepo rpm = {.excludepkgs = none, .includepkgs = none};
    ManifestRepo repo = {.kind = MANIFEST_REPO_RPM, .id = id, .rpm = &rpm};
    g_autoptr(GPtrArray) bases = g_ptr_array_new();
    g_ptr_array_add(bases, id);
    PackagesRpmMetadata metadata = {.repo = &repo, .bases = bases};
    g_autoptr(PackagesRpmSolver) solver = packages_rpm_solver_new("x86_64");
    FILE *text = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
    if (text == NULL)
        return 0;
    g_autoptr(GError) error = NULL;
    bool ok = packages_rpm_solver_add_text(solver, &metadata, text, &error);
    (void)fclose(text);
    if (ok)
        solve(solver);
    else
        g_assert_nonnull(error);
    return 0;
}
