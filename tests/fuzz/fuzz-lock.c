/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes the lockfile's parser: what it takes, it prints so that it takes it again.
 */
#include "manifest/lock.h"

#include "base/yaml.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
    g_autoptr(ManifestLock) lock = manifest_lock_parse("fuzz.lock", bytes, &error);
    if (lock == NULL) {
        g_assert_true(g_str_has_prefix(error->message, "fuzz.lock:"));
        return 0;
    }
    g_autofree char *text = manifest_lock_print(lock);
    g_autoptr(GBytes) again_bytes = g_bytes_new(text, strlen(text));
    g_autoptr(ManifestLock) again = manifest_lock_parse("again.lock", again_bytes, &error);
    if (g_bytes_get_size(again_bytes) > BASE_YAML_MAX_BYTES)
        return 0;
    g_assert_no_error(error);
    g_autofree char *second = manifest_lock_print(again);
    g_assert_cmpstr(text, ==, second);
    return 0;
}
