/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a tree's kernel is found.
 */
#include "tree/finish.h"

#include <string.h>
#include <sys/stat.h>

static StoreNode *tree_with(const char *const *paths)
{
    StoreNode *root = store_node_new_dir(0755);
    for (; *paths != NULL; paths++) {
        StoreNode *file = g_new0(StoreNode, 1);
        file->meta.mode = S_IFREG | 0644;
        store_node_put(root, *paths, file);
    }
    return root;
}

static void test_kernel(void)
{
    static const struct {
        const char *const paths[4];
        const char *kernel;
        const char *error;
    } cases[] = {
        {{"boot/config", "usr/lib/modules/9/modules.dep"}, NULL, NULL},
        {{"boot/vmlinuz-6.1.0", "usr/lib/modules/6.1.0/modules.dep"}, "6.1.0", NULL},
        {{"usr/lib/modules/6.11.4-301.fc41.x86_64/vmlinuz"}, "6.11.4-301.fc41.x86_64", NULL},
        {{"boot/vmlinuz-6.1.0", "usr/lib/modules/6.1.0/vmlinuz"}, "6.1.0", NULL},
        {{"boot/vmlinuz-6.1.0", "boot/vmlinuz-6.1.1"}, NULL, "two kernels, 6.1.0 and 6.1.1:"},
        {{"usr/lib/modules/1/vmlinuz", "usr/lib/modules/2/vmlinuz"}, NULL, "two kernels, 1 and 2:"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(StoreNode) root = tree_with(cases[i].paths);
        g_autoptr(GError) error = NULL;
        g_autofree char *kernel = NULL;
        bool ok = tree_finish_find_kernel(root, &kernel, &error);
        g_assert_cmpint(ok, ==, cases[i].error == NULL);
        g_assert_cmpstr(kernel, ==, cases[i].kernel);
        if (!ok)
            g_assert_nonnull(strstr(error->message, cases[i].error));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/finish/kernel", test_kernel);
    return g_test_run();
}
