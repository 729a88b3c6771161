/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile comps.xml files, and expands what is in them.
 */
#include "packages/rpm/comps.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"@core", "@^minimal", "@", "@^"};
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(PackagesComps) comps = packages_comps_new();
    bool ok = packages_comps_add(comps, bytes, &error);
    g_assert_true(ok == (error == NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GPtrArray) packages = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) conditional = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) expand_error = NULL;
        if (!packages_comps_expand(comps, names[i], packages, conditional, &expand_error))
            g_assert_nonnull(expand_error);
        g_assert_true(conditional->len % 2 == 0);
    }
    return 0;
}
