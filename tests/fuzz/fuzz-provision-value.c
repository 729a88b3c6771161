/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile text as YAML and as JSON: what JSON takes, YAML takes too.
 */
#include "provision/value.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ProvisionValue) yaml =
        provision_value_parse_at("x", 3, bytes, PROVISION_VALUE_YAML_1_1, NULL);
    g_autoptr(ProvisionValue) json = provision_value_parse("x", bytes, PROVISION_VALUE_JSON, NULL);
    if (yaml != NULL)
        g_free(provision_value_print(yaml));
    if (json == NULL)
        return 0;
    g_autofree char *text = provision_value_print(json);
    g_autoptr(GBytes) printed = g_bytes_new(text, strlen(text));
    g_autoptr(ProvisionValue) again =
        provision_value_parse("x", printed, PROVISION_VALUE_JSON, NULL);
    g_assert_nonnull(again);
    g_autofree char *text_again = provision_value_print(again);
    g_assert_cmpstr(text, ==, text_again);
    return 0;
}
