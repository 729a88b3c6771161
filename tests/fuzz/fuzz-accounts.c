/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fuzzes passwd(5) and group(5) of a tree, and os-release(5).
 */
#include "tree/accounts.h"
#include "tree/customize.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GPtrArray) users = tree_accounts_parse("user", text);
    g_autoptr(GPtrArray) groups = tree_accounts_parse("group", text);
    g_autoptr(GPtrArray) ignored = g_ptr_array_new();
    if (!tree_accounts_check("group", groups, text, ignored, &error))
        g_assert_nonnull(error); /* a name that stands twice has two numbers */
    bool found = false;
    g_autofree char *release = tree_customize_os_release(text, "12", "12.1", &found);
    g_assert_true(strstr(release, "OSTREE_VERSION='12.1'\n") != NULL);
    g_assert_true(users->len <= size);
    return 0;
}
