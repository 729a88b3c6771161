/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is new in a package.
 */
#include "packages/changelog.h"

#include <string.h>

static const char text[] = "lib (1:2.0-1) unstable; urgency=medium\n\n  * New.\n    More of it.\n\n"
                           " -- A Name <a@example.org>  Sat, 01 Jan 2022 00:00:00 +0000\n\n"
                           "lib (1.5-1) unstable; urgency=low\n\n  * Between.\n\n"
                           " -- A Name <a@example.org>  Fri, 01 Jan 2021 00:00:00 +0000\n\n"
                           "lib (1.0-1) unstable; urgency=low\n\n  * Old.\n";

static void check(const char *changelog, const char *version, const char *expected)
{
    g_autofree char *since = packages_changelog_parse(changelog, version);
    g_assert_cmpstr(since, ==, expected);
}

static void test_since(void)
{
    check(text, "1:2.0-1", "");
    check(text, "1.5-1", "lib (1:2.0-1) unstable; urgency=medium\n  * New.\n    More of it.\n");
    check(text, "1.0-1",
          "lib (1:2.0-1) unstable; urgency=medium\n  * New.\n    More of it.\n"
          "lib (1.5-1) unstable; urgency=low\n  * Between.\n");
    check("", NULL, "");
}

/* It goes to a terminal: nothing that moves the cursor, no end of it. */
static void test_hostile(void)
{
    g_autofree char *escape = packages_changelog_parse("a (1) x\n  \033[2Jred \xff\n", NULL);
    g_assert_null(strchr(escape, '\033'));
    g_assert_true(g_utf8_validate(escape, -1, NULL));
    g_autoptr(GString) many = g_string_new(NULL);
    for (unsigned i = 0; i < 10000; i++)
        g_string_append(many, "  * line\n");
    g_autofree char *capped = packages_changelog_parse(many->str, NULL);
    g_assert_cmpuint(strlen(capped), <, 1000);
    g_assert_true(g_str_has_suffix(capped, "…\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packages/changelog/since", test_since);
    g_test_add_func("/packages/changelog/hostile", test_hostile);
    return g_test_run();
}
