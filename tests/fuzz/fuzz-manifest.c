/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes the manifest's parser, merging and checks. Includes are not followed: a file that
 * parses is merged with what it says itself, so that both orders of the rules run.
 */
#include "manifest/layer.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
    g_autoptr(ManifestLayer) layer = manifest_layer_parse("fuzz.yaml", bytes, &error);
    if (layer == NULL) {
        g_assert_true(g_str_has_prefix(error->message, "fuzz.yaml:"));
        return 0;
    }
    g_autoptr(ManifestLayer) included = manifest_layer_parse("other.yaml", bytes, &error);
    g_assert_no_error(error);
    manifest_layer_merge(layer, included);
    g_autoptr(Manifest) manifest = manifest_layer_finish(layer, "fuzz.yaml", &error);
    g_assert_true((manifest == NULL) == (error != NULL));
    if (manifest != NULL) {
        g_autofree char *json = manifest_to_json(manifest);
        g_assert_nonnull(json);
    }
    return 0;
}
