/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile text as a Release file and asks it everything.
 */
#include "packages/release.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(PackagesRelease) release = packages_release_parse(bytes, NULL);
    if (release == NULL)
        return 0;
    PackagesReleaseEntry entry;
    if (packages_release_find(release, "main/binary-amd64/Packages", &entry))
        g_assert_true(strlen(entry.sha256) == 64);
    (void)!packages_release_check_suite(release, "stable", NULL);
    (void)!packages_release_check_expiry(release, 0, NULL);
    (void)packages_release_has_by_hash(release);
    (void)packages_release_has_all_index(release);
    return 0;
}
