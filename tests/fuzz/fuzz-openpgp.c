/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Takes the armour off hostile keyrings.
 */
#include "packages/signature.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GBytes) packets = packages_signature_dearmor(bytes);
    g_assert_true(g_bytes_get_size(packets) <= size);
    return 0;
}
