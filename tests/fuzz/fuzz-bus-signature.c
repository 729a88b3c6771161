/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile bytes as an event's signature: what is taken has one form, and proves nothing.
 */
#include "bus/signature.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t public_key[BASE_ED25519_PUBLIC_BYTES] = {
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
        0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
        0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    static const char text[] = "{\"actor\":\"x\"}";
    /* a copy that is no byte too long: reading past the end has to be seen */
    g_autofree uint8_t *copy = g_memdup2(data, size);
    g_autoptr(BaseSha256) sha256 = base_sha256_new();
    g_autoptr(GError) error = NULL;
    BusSignature signature;
    BusSignatureMemory memory = {0};
    uint8_t text_hash[BASE_SHA256_BYTES];
    bool ok = bus_signature_read(&signature, copy, size, &error);
    g_assert_true(ok == (error == NULL));
    if (!ok)
        return 0;
    g_assert_true(signature.size_bytes == size && memcmp(signature.bytes, copy, size) == 0);
    base_sha256_update(sha256, text, strlen(text));
    base_sha256_finish(sha256, text_hash);
    g_assert_false(bus_signature_check(&signature, text, text_hash, public_key, sha256, &memory));
    return 0;
}
