/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Changes of kernel arguments.
 */
#include "host/kargs.h"

static const struct {
    const char *text, *replace, *delete, *append;
    const char *want; /* NULL: an error */
} cases[] = {
    {"quiet", NULL, NULL, "a=b", "quiet a=b"},
    {"quiet", NULL, "quiet", NULL, ""},
    {"a=1 quiet", "a=2", NULL, NULL, "a=2 quiet"},
    {"a=1 a=2", "a=1=3", NULL, NULL, "a=3 a=2"},
    {"a=1 a=2", NULL, "a=1", NULL, "a=2"},
    {"a=1", NULL, NULL, "a=1", "a=1 a=1"},
    {"a=1", "b=2", NULL, NULL, NULL},
    {"a=1 a=2", NULL, "a", NULL, NULL},
    {"a=1", NULL, "b", NULL, NULL},
    {"a=1", NULL, NULL, "ostree=/x", NULL},
    {"a=1", NULL, NULL, "=x", NULL},
    {"a=1", NULL, NULL, "", NULL},
    {"a=1", NULL, NULL, "x\ny", NULL},
    {"a=1", NULL, NULL, "x=1;reboot", NULL},
    {"a=1", NULL, NULL, "x=$(y)", NULL},
    {"a=1", NULL, NULL, "ostreefoo", "a=1 ostreefoo"},
};

static void test_cases(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const replace[] = {cases[i].replace, NULL};
        const char *const delete[] = {cases[i].delete, NULL};
        const char *const append[] = {cases[i].append, NULL};
        const HostKargsChange change = {.replace = replace, .delete = delete, .append = append};
        g_autoptr(GError) error = NULL;
        g_test_message("case %u", i);
        g_autofree char *got = host_kargs_change(cases[i].text, &change, &error);
        g_assert_cmpstr(got, ==, cases[i].want);
        g_assert_cmpint(error == NULL, ==, got != NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/kargs/cases", test_cases);
    return g_test_run();
}
