/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens hostile user-data: parts and bytes stay in bounds.
 */
#include "provision/envelope/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProvisionPlace at = {.source = "x"};
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionValue) instance = provision_value_new(&at, PROVISION_VALUE_MAP);
    provision_value_set_string(instance, "region", "r");
    const ProvisionEnvelopeEnv env = {.instance_data = instance, .may_be_base64 = true};
    g_autoptr(GPtrArray) parts = provision_envelope_open("x", bytes, &env, report, NULL, NULL);
    g_assert_true(parts != NULL && parts->len <= PROVISION_ENVELOPE_MAX_PARTS);
    return 0;
}
