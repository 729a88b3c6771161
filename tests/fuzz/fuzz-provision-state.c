/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * manifest.json, status.json and provision.d, as somebody may have left them.
 */
#include "provision/apply/apply.h"
#include "provision/state/manifest.h"
#include "provision/state/results.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
    g_autoptr(ProvisionManifest) manifest = provision_manifest_new();
    g_autoptr(ProvisionPolicy) policy = provision_policy_new();
    g_autoptr(ProvisionValue) result = NULL;
    g_autoptr(GError) first = NULL;
    g_autoptr(GError) second = NULL;
    if (!provision_manifest_parse(manifest, bytes, &first))
        g_assert_nonnull(first);
    if (!provision_policy_parse(policy, "x.yaml", bytes, &second))
        g_assert_nonnull(second);
    (void)provision_status_parse(bytes, bytes, &result);
    return 0;
}
