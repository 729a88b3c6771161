/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes converting Butane to Ignition.
 */
#include "provision/convert/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionValue) value =
        provision_value_parse("x", bytes, PROVISION_VALUE_YAML_1_1, NULL);
    if (value == NULL || !provision_convert_is_butane(value))
        return 0;
    g_autoptr(ProvisionValue) config = provision_convert_butane(value, -1, report);
    if (config != NULL) {
        g_autofree char *text = provision_value_print(config);
        g_assert_nonnull(text);
    }
    return 0;
}
