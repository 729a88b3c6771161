/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chooses files by hostile rpm headers.
 */
#include "tree/rpm/files.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(TreeRpmHeader) header = tree_rpm_header_load(bytes, &error);
    g_assert_true((header != NULL) == (error == NULL));
    g_autoptr(TreeRpmFiles) files =
        header != NULL ? rpmfilesNew(NULL, header, RPMTAG_BASENAMES, 0) : NULL;
    if (files == NULL)
        return 0;
    g_autoptr(GPtrArray) languages = g_ptr_array_new();
    ManifestString german = {.text = (char *)"de_DE"};
    g_ptr_array_add(languages, &german);
    Manifest manifest = {.documentation = false, .install_langs = languages};
    g_autoptr(GHashTable) colours = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GBytes) states = tree_rpm_files_states(files, &manifest, colours, "");
    g_assert_cmpuint(g_bytes_get_size(states), ==, rpmfilesFC(files));
    return 0;
}
