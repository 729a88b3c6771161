/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes modules.dep and modules.softdep: the first NUL divides the two.
 */
#include "tree/kernel-modules.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const patterns[] = {"kernel/net/*", "*virtio*", NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_malloc0(size + 2);
    memcpy(text, data, size);
    size_t length = strlen(text);
    const char *soft = length < size ? text + length + 1 : NULL;
    g_autoptr(GPtrArray) gone = tree_kernel_modules_choose(text, soft, patterns, &error);
    g_assert_true((gone == NULL) == (error != NULL));
    for (guint i = 0; gone != NULL && i < gone->len; i++) {
        const char *path = gone->pdata[i];
        g_assert_true(path[0] != '/' && !g_str_has_prefix(path, "../"));
    }
    return 0;
}
