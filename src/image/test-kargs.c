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

#define HEAD "systemd.gpt_auto=0"
#define CONSOLES " console=tty0 console=ttyS0,115200n8"
#define REBOOT                                                                                     \
    " panic=10 rd.shell=0 rd.emergency=reboot rd.driver.pre=softdog softdog.nowayout=1 "           \
    "systemd.watchdog_sec=60"

static const Case cases[] = {
    {"", "root=UUID=u rw " HEAD CONSOLES REBOOT},
    {"quiet", "root=UUID=u rw " HEAD CONSOLES REBOOT " quiet"},
    {"console=hvc0", "root=UUID=u rw " HEAD REBOOT " console=hvc0"},
    {"console=hvc0 console=tty1", "root=UUID=u rw " HEAD REBOOT " console=hvc0 console=tty1"},
    {"ro", "root=UUID=u " HEAD CONSOLES REBOOT " ro"},
    {"root=/dev/vda3 rootwait", "rw " HEAD CONSOLES REBOOT " root=/dev/vda3 rootwait"},
    {"rooty=1", "root=UUID=u rw " HEAD CONSOLES REBOOT " rooty=1"},
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
    g_assert_cmpuint(g_strv_length(merged), ==, 11);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/kargs/merge", test_merge);
    return g_test_run();
}
