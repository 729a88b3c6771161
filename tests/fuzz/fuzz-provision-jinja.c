/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fills in a hostile template.
 */
#include "provision/envelope/jinja.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "{v1: {region: r, a-b: [1, {c: x}]}, ds: {meta_data: {k: v}}}";
    static const ProvisionPlace at = {.source = "x", .line = 2, .column = 1};
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    g_autoptr(ProvisionValue) values =
        provision_value_parse("x", bytes, PROVISION_VALUE_YAML_1_1, NULL);
    g_autoptr(GError) error = NULL;
    if (size > 0 && !g_utf8_validate_len((const char *)data, size, NULL))
        return 0;
    g_autofree char *rendered =
        provision_jinja_render(&at, (const char *)data, size, values, &error);
    g_assert_true((rendered == NULL) == (error != NULL));
    return 0;
}
