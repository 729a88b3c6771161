/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Merges, and patches with, a hostile list of documents.
 */
#include "provision/cloud/cloud.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ProvisionValue) list =
        provision_value_parse("x", bytes, PROVISION_VALUE_YAML_1_1, NULL);
    ProvisionValue *merged = NULL;
    if (list == NULL || list->kind != PROVISION_VALUE_LIST)
        return 0;
    for (guint i = 0; i < list->items->len; i++) {
        const ProvisionValue *item = list->items->pdata[i];
        ProvisionValue *next = NULL;
        if (item->kind == PROVISION_VALUE_LIST && merged != NULL)
            next = provision_cloud_patch(merged, item, NULL);
        else if (item->kind == PROVISION_VALUE_MAP)
            next = provision_cloud_merge(merged == NULL ? NULL : provision_value_ref(merged), item,
                                         NULL, NULL);
        if (next == NULL)
            continue;
        provision_value_unref(merged);
        merged = next;
    }
    if (merged != NULL)
        g_free(provision_value_print(merged));
    provision_value_unref(merged);
    return 0;
}
