/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile text as a network config.
 */
#include "provision/network.h"
#include "provision/plan-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionValue) value =
        provision_value_parse("x", bytes, PROVISION_VALUE_YAML_1_1, NULL);
    g_autoptr(ProvisionNetwork) network =
        value == NULL ? NULL : provision_network_read(value, report);
    if (network != NULL)
        provision_value_unref(provision_network_to_value(network, 0));
    return 0;
}
