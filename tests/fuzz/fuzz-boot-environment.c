/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile bytes as GRUB's environment block.
 */
#include "boot/counter.h"
#include "boot/environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BootCounter counter = BOOT_COUNTER_NEW_3;
    g_autofree char *value =
        boot_environment_get((const char *)data, size, BOOT_COUNTER_NAME, NULL);
    if (value != NULL && boot_counter_parse(value, &counter))
        g_assert_cmpint(boot_counter_start(counter, 2).next, >=, counter);
    return 0;
}
