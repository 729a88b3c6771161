/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile user-data to the plan, and prints it.
 */
#include "provision/config.h"
#include "provision/plan-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ProvisionReport) report = provision_report_new();
    ProvisionInstance instance = {.user_data = bytes, .vendor_data = bytes};
    const ProvisionConfigEnv env = {0};
    g_autoptr(ProvisionConfig) config = provision_config_read(&instance, &env, report, NULL, NULL);
    g_assert_nonnull(config);
    g_autoptr(ProvisionValue) value = provision_plan_to_value(
        config->plan, PROVISION_PLAN_JSON_PLACES | PROVISION_PLAN_JSON_SECRETS);
    g_free(provision_value_print(value));
    return 0;
}
