/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which kernel modules can go.
 */
#include "tree/kernel-modules.h"

static const char dep[] = "kernel/net/virtio_net.ko: kernel/net/failover.ko kernel/lib/a.ko\n"
                          "kernel/net/failover.ko:\n"
                          "kernel/lib/a.ko: kernel/lib/b.ko\n"
                          "kernel/lib/b.ko.xz: kernel/lib/a.ko\n"
                          "kernel/lib/b.ko:\n"
                          "kernel/sound/snd.ko: kernel/lib/b.ko\n"
                          "kernel/crypto/crc-intel.ko:\n"
                          "extra/own.ko:\n";

static void check(const char *const *patterns, const char *soft, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) gone = tree_kernel_modules_choose(dep, soft, patterns, &error);
    g_assert_no_error(error);
    g_ptr_array_add(gone, NULL);
    g_autofree char *text = g_strjoinv(" ", (char **)gone->pdata);
    g_assert_cmpstr(text, ==, expected);
}

static void test_choose(void)
{
    static const char *const net[] = {"kernel/net/virtio*", "extra/*", NULL};
    static const char *const all[] = {"*", NULL};
    static const char *const none[] = {NULL};
    check(net, NULL, "kernel/crypto/crc-intel.ko kernel/lib/b.ko.xz kernel/sound/snd.ko");
    check(net, "# comment\nsoftdep virtio-net pre: crc_intel post: unknown\n",
          "kernel/lib/b.ko.xz kernel/sound/snd.ko");
    check(all, NULL, "");
    check(none, "softdep\n",
          "extra/own.ko kernel/crypto/crc-intel.ko kernel/lib/a.ko kernel/lib/b.ko "
          "kernel/lib/b.ko.xz kernel/net/failover.ko kernel/net/virtio_net.ko kernel/sound/snd.ko");
}

static void test_bad(void)
{
    static const char *const bad[] = {"no colon\n", "../../etc/passwd:\n", "/etc/passwd:\n"};
    static const char *const all[] = {"*", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(tree_kernel_modules_choose(bad[i], NULL, all, &error));
        g_assert_error(error, TREE_ERROR, TREE_ERROR_KERNEL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/kernel-modules/choose", test_choose);
    g_test_add_func("/tree/kernel-modules/bad", test_bad);
    return g_test_run();
}
