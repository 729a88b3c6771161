/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of base/nearest.
 */
#include "base/nearest.h"

static void test_typos(void)
{
    static const char *const known[] = {"packages", "exclude-packages", "ref", "repos", NULL};
    static const struct {
        const char *typed;
        const char *meant;
    } cases[] = {
        {"pakages", "packages"},
        {"Packages", "packages"},
        {"exlude-packages", "exclude-packages"},
        {"rfe", "ref"},
        {"repo", "repos"},
        {"zzzzzz", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(base_nearest_name(cases[i].typed, known), ==, cases[i].meant);
}

static void test_long_names(void)
{
    static const char *const known[] = {"ref", NULL};
    g_autofree char *huge = g_strnfill(1 << 20, 'x');
    g_assert_null(base_nearest_name(huge, known));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/nearest/typos", test_typos);
    g_test_add_func("/base/nearest/long-names", test_long_names);
    return g_test_run();
}
