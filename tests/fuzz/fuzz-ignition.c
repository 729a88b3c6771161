/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes reading an Ignition config: syntax, keys, rules, merging with itself, planning.
 */
#include "provision/ignition/ignition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionFetcher) fetcher = provision_fetcher_new_offline();
    g_autoptr(ProvisionValue) config =
        provision_ignition_read("x", 1, bytes, fetcher, report, NULL, NULL);
    if (config == NULL)
        return 0;
    g_autoptr(ProvisionPlan) plan = provision_plan_new();
    g_autoptr(ProvisionValue) merged = provision_ignition_merge(config, config);
    g_autoptr(ProvisionReport) again = provision_report_new();
    (void)provision_ignition_needs_network(merged);
    provision_ignition_plan(merged, plan, report);
    /* what was good is good with itself */
    g_assert_true(provision_ignition_check(merged, again));
    return 0;
}
