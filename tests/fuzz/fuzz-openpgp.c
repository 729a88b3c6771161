/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Takes the armour off hostile keyrings, and reads what keys they have.
 */
#include "packages/openpgp.h"
#include "packages/signature.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GBytes) packets = packages_signature_dearmor(bytes);
    g_assert_true(g_bytes_get_size(packets) <= size);
    g_autoptr(GPtrArray) keys = packages_openpgp_read_keys(packets);
    for (guint i = 0; i < keys->len; i++) {
        const PackagesOpenpgpKey *key = keys->pdata[i];
        g_assert_true(strlen(key->id) == 16 && g_bytes_get_size(key->packets) > 0);
    }
    return 0;
}
