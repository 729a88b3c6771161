/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists hostile cpio archives.
 */
#include "tree/cpio.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    /* a copy that is no byte too long: reading past the end has to be seen */
    g_autofree char *copy = g_memdup2(data, size);
    g_autoptr(GError) error = NULL;
    bool ok = tree_cpio_list(copy, size, names, &error);
    g_assert_true(ok == (error == NULL));
    return 0;
}
