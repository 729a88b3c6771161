/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Versions that count up.
 */
#include "tree/describe.h"

static void check(const char *prefix, const char *last, const char *expected)
{
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 3, 9, 12, 0, 0);
    g_autofree char *version = tree_describe_version(prefix, NULL, last, now);
    g_assert_cmpstr(version, ==, expected);
}

static void test_version(void)
{
    check("12", NULL, "12");
    check("12", "12", "12.1");
    check("12", "12.9", "12.10");
    check("12", "11.4", "12");
    check("12", "120", "12");
    check("12", "12.x", "12.1");
    check("12.<date:%Y%m%d>", "12.20260308.3", "12.20260309.0");
    check("12.<date:%Y%m%d>", "12.20260309", "12.20260309.1");
    check("12.<date:%Y%m%d>", "12.20260309.0", "12.20260309.1");
    check(NULL, NULL, "20260309");
    check("<date:", NULL, "<date:");
}

static void test_suffix(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 3, 9, 12, 0, 0);
    g_autofree char *first = tree_describe_version("12", "-", NULL, now);
    g_autofree char *second = tree_describe_version("12", "-", "12", now);
    g_autofree char *third = tree_describe_version("12", "-", "12-9", now);
    g_autofree char *dated = tree_describe_version("<date:%Y>", "-", NULL, now);
    g_assert_cmpstr(first, ==, "12");
    g_assert_cmpstr(second, ==, "12-1");
    g_assert_cmpstr(third, ==, "12-10");
    g_assert_cmpstr(dated, ==, "2026-0");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/describe/version", test_version);
    g_test_add_func("/tree/describe/suffix", test_suffix);
    return g_test_run();
}
