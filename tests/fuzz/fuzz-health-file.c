/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile bytes as a file of health results.
 */
#include "host/health.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(HostHealth) health = host_health_parse((const char *)data, size, NULL);
    if (health == NULL)
        return 0;
    g_autofree char *text = host_health_print_text(health);
    g_autofree char *json = host_health_print_json(health);
    g_assert_true(text != NULL && json != NULL);
    return 0;
}
