/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile copyright files.
 */
#include "packages/copyright.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    g_autoptr(PackagesCopyright) copyright =
        packages_copyright_parse((const char *)data, size_bytes, "fuzz");
    (void)packages_copyright_find(copyright, "src/main.c");
    if (copyright->licence == NULL)
        return 0;
    /* whatever was read, what is made of it has to be an expression */
    g_autofree char *text = packages_licence_print(copyright->licence);
    g_autoptr(PackagesLicence) again = packages_licence_parse(text, NULL);
    g_assert(again != NULL || strlen(text) > PACKAGES_LICENCE_MAX_BYTES);
    return 0;
}
