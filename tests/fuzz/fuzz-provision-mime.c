/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Takes hostile text for a MIME message: leaves never hold more than the text.
 */
#include "provision/envelope/mime.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GPtrArray) parts = provision_mime_parse("x", bytes, NULL);
    for (guint i = 0; parts != NULL && i < parts->len; i++) {
        const ProvisionMimePart *part = parts->pdata[i];
        g_assert_true(part->content_type != NULL && part->bytes != NULL);
    }
    return 0;
}
