/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile text as both forms of apt's sources; what comes out must be complete.
 */
#include "packages/sources.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PackagesSourcesContext context = {"id", "file", "", "amd64"};
    g_autoptr(GPtrArray) sources =
        g_ptr_array_new_with_free_func((GDestroyNotify)packages_source_free);
    (void)!packages_sources_parse_list(&context, (const char *)data, size, sources, NULL);
    (void)!packages_sources_parse_deb822(&context, (const char *)data, size, sources, NULL);
    for (unsigned i = 0; i < sources->len; i++) {
        const PackagesSource *source = g_ptr_array_index(sources, i);
        g_assert_true(source->url != NULL && source->suite != NULL && source->suite[0] != '\0');
        g_assert_true(packages_source_is_flat(source) == (source->components[0] == NULL));
    }
    return 0;
}
