/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of image/kargs.
 */
#include "image/kargs.h"

#include "image/error.h"

typedef struct {
    const char *wanted;
    const char *merged;
} Case;

static const Case cases[] = {
    {"", "root=UUID=u rw systemd.gpt_auto=0 console=tty0 console=ttyS0,115200n8"},
    {"quiet", "root=UUID=u rw systemd.gpt_auto=0 console=tty0 console=ttyS0,115200n8 quiet"},
    {"console=hvc0", "root=UUID=u rw systemd.gpt_auto=0 console=hvc0"},
    {"console=hvc0 console=tty1", "root=UUID=u rw systemd.gpt_auto=0 console=hvc0 console=tty1"},
    {"ro", "root=UUID=u systemd.gpt_auto=0 console=tty0 console=ttyS0,115200n8 ro"},
    {"root=/dev/vda3 rootwait",
     "rw systemd.gpt_auto=0 console=tty0 console=ttyS0,115200n8 root=/dev/vda3 rootwait"},
    {"rooty=1", "root=UUID=u rw systemd.gpt_auto=0 console=tty0 console=ttyS0,115200n8 rooty=1"},
    {"a;b", NULL},
    {"a=$b", NULL},
    {"a='b", NULL},
    {"=x", NULL},
    {"a\nb", NULL},
};

static void test_merge(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) wanted = g_strsplit(cases[i].wanted, " ", -1);
        g_auto(GStrv) merged = image_kargs_merge("u", (const char *const *)wanted, &error);
        g_autofree char *text = merged != NULL ? g_strjoinv(" ", merged) : NULL;
        g_assert_cmpstr(text, ==, cases[i].merged);
        if (cases[i].merged == NULL)
            g_assert_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION);
    }
    g_auto(GStrv) merged = image_kargs_merge("u", NULL, NULL);
    g_assert_cmpuint(g_strv_length(merged), ==, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/kargs/merge", test_merge);
    return g_test_run();
}
