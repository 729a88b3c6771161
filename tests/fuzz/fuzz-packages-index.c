/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile text as a Packages file and lets libsolv choose the packages "a" of it.
 */
#include "packages/solve.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char id[] = "id";
    char url[] = "http://example.org";
    char name[] = "a";
    PackagesSource source = {.repo_id = id, .url = url};
    PackagesIndex index = {.source = &source};
    ManifestString string = {.text = name, .place = {.file = name, .line = 1, .column = 1}};
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    g_autoptr(GPtrArray) excluded = g_ptr_array_new();
    g_ptr_array_add(wanted, &string);
    Manifest manifest = {.packages = wanted, .exclude_packages = excluded, .recommends = true};

    g_autoptr(PackagesSolver) solver = packages_solver_new("amd64");
    FILE *text = fmemopen((void *)(uintptr_t)data, size, "r");
    g_assert_nonnull(text);
    bool ok = packages_solver_add_text(solver, &index, text, NULL);
    (void)fclose(text);
    if (ok) {
        g_autoptr(GPtrArray) packages = packages_solver_run(solver, &manifest, NULL);
    }
    return 0;
}
