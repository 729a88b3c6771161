/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parses hostile rules on scripts.
 */
#include "tree/rules.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(TreeRules) rules = tree_rules_parse("rules.yaml", bytes, &error);
    g_assert_true((rules != NULL) == (error == NULL));
    if (rules != NULL)
        (void)tree_rules_find(rules, "rpm", "package", "post");
    return 0;
}
