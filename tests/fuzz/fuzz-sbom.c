/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile SBOMs, provenance, keys and os-release files.
 */
#include "tree/provenance.h"
#include "tree/sbom-read.h"
#include "tree/verify-account.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    const char *text = (const char *)data;
    g_autoptr(GPtrArray) packages = tree_sbom_read(text, size_bytes, NULL);
    g_autoptr(GHashTable) owners = tree_sbom_read_owners(text, size_bytes, NULL);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_assert(tree_provenance_open(text, size_bytes, none, NULL, NULL) == NULL);
    g_autoptr(GPtrArray) keys = tree_verify_account_keys(text, size_bytes, NULL);
    g_auto(TreeOsRelease) os = {0};
    tree_os_release_parse(&os, text, size_bytes);
    return 0;
}
