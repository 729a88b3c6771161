/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes the reader of what libostree says of a staged deployment.
 */
#include "host/staged.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_auto(HostStaged) staged = {0};
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    bool is_good = host_staged_parse(bytes, &staged, &error);
    if (is_good == (error != NULL) || is_good == (staged.target == NULL) ||
        is_good == (staged.merge == NULL))
        g_abort();
    /* it becomes a path */
    if (is_good && strchr(ostree_deployment_get_osname(staged.target), '/') != NULL)
        g_abort();
    return 0;
}
