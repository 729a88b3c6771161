/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile repomd.xml files.
 */
#include "base/digest.h"
#include "packages/rpm/repomd.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(PackagesRepomd) repomd = packages_repomd_parse(bytes, &error);
    g_assert_true((repomd == NULL) == (error != NULL));
    for (guint i = 0; repomd != NULL && i < repomd->records->len; i++) {
        const PackagesRepomdRecord *record = repomd->records->pdata[i];
        g_assert_true(base_digest_is_sha256_hex(record->sha256));
        g_assert_true(*record->location != '/' && strstr(record->location, "/../") == NULL &&
                      !g_str_has_prefix(record->location, "../"));
    }
    return 0;
}
