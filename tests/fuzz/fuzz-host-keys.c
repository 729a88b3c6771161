/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes what decides whether a host takes a commit: key files and detached metadata, which a
 * server may make up. The input stands for both.
 */
#include "host/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HostKeys) keys = host_keys_new();
    if (host_keys_parse((const char *)data, size, "fuzz", keys->trusted, &error) == (error != NULL))
        g_abort();

    static const uint8_t some_key[BASE_ED25519_PUBLIC_BYTES] = {1};
    g_ptr_array_add(keys->trusted, g_bytes_new_static(some_key, sizeof some_key));
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) detached =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
    g_autoptr(GVariant) commit = g_variant_ref_sink(g_variant_new_string("a commit"));
    if (host_verify_commit(keys, commit, detached, NULL) == HOST_SIGNATURE_GOOD)
        g_abort();
    return 0;
}
