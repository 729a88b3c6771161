/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile metalinks and mirrorlists.
 */
#include "packages/rpm/metalink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(PackagesMetalink *metalink, const GError *error)
{
    g_assert_true((metalink == NULL) == (error != NULL));
    g_assert_true(metalink == NULL || metalink->bases->len > 0);
    packages_metalink_free(metalink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) list_error = NULL;
    PackagesMetalink *metalink = packages_metalink_parse(bytes, &error);
    check(metalink, error);
    PackagesMetalink *list = packages_metalink_parse_list(bytes, &list_error);
    check(list, list_error);
    return 0;
}
