/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes data: URLs, and that what they hold comes back.
 */
#include "provision/data-url.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *url = g_strndup((const char *)data, size);
    g_autoptr(GBytes) bytes = provision_data_url_decode(url, NULL);
    if (bytes == NULL)
        return 0;
    g_autofree char *again = provision_data_url_encode(bytes);
    g_autoptr(GBytes) back = provision_data_url_decode(again, NULL);
    g_assert_true(back != NULL && g_bytes_equal(bytes, back));
    return 0;
}
