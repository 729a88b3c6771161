/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Walks hostile deb822 text; every field must lie inside the input.
 */
#include "packages/deb822.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    PackagesDeb822Iter iter;
    PackagesDeb822Stanza stanza;
    packages_deb822_iter_init(&iter, text, size);
    while (packages_deb822_iter_next(&iter, &stanza, NULL) && stanza.n_fields > 0) {
        for (size_t i = 0; i < stanza.n_fields; i++) {
            const PackagesDeb822Field *field = &stanza.fields[i];
            g_assert_true(field->value >= text && field->value + field->value_bytes <= text + size);
        }
        g_autofree char *value = packages_deb822_dup(&stanza, "Package");
    }
    return 0;
}
