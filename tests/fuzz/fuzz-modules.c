/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile modules.yaml files, and chooses streams of what is in them.
 */
#include "packages/rpm/modules.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(PackagesModules) modules = packages_modules_new();
    if (!packages_modules_add(modules, bytes, &error)) {
        g_assert_nonnull(error);
        return 0;
    }
    const Manifest manifest = {0};
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    g_assert_true(packages_modules_enable(modules, &manifest, wanted, &error));
    (void)packages_modules_verdict(modules, "db", "db-0:1-1.x86_64");
    return 0;
}
