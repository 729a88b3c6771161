/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile bytes as a file of health checks.
 */
#include "host/health-plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) checks = host_health_plan_new();
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
    g_autoptr(GError) error = NULL;
    if (!host_health_plan_read(checks, "fuzz.yaml", true, bytes, &error))
        g_assert_true(error != NULL && checks->len == 0);
    return 0;
}
