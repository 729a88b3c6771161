/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tests/data/copyright/NAME.in is a copyright file, NAME.out what it comes to: "machine" or
 * "prose", the expression, then PATH: NAME for each path that NAME.out asks about. And licence
 * expressions in SPDX's and Debian's words.
 */
#include "packages/copyright.h"

#include <string.h>

static void test_expressions(void)
{
    static const char *const cases[][2] = {
        {"MIT", "MIT"},
        {"mit and (gpl-2.0+ or Apache-2.0)", "MIT AND (GPL-2.0-or-later OR Apache-2.0)"},
        {"MIT AND MIT", "MIT"},
        {"(MIT AND (ISC AND MIT))", "MIT AND ISC"},
        {"MIT AND ISC OR Zlib", "MIT AND ISC OR Zlib"},
        {"GPL-2.0 with Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"},
        {"Apache-1.0+ OR LicenseRef-Fedora-Public-Domain",
         "Apache-1.0+ OR LicenseRef-Fedora-Public-Domain"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PackagesLicence) licence = packages_licence_parse(cases[i][0], &error);
        g_assert_no_error(error);
        g_autofree char *text = packages_licence_print(licence);
        g_assert_cmpstr(text, ==, cases[i][1]);
    }
}

static void test_bad_expressions(void)
{
    static const char *const cases[] = {
        "", "GPL", "MIT AND", "MIT ISC", "(MIT", "MIT)", "MIT WITH nothing", "AND MIT", "MIT OR OR",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(packages_licence_parse(cases[i], &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, "column"));
    }
    g_autofree char *deep = g_strnfill(100000, '(');
    g_assert_null(packages_licence_parse(deep, NULL));
    deep[5000] = '\0';
    g_assert_null(packages_licence_parse(deep, NULL));
}

static void test_allowed(void)
{
    static const struct {
        const char *text;
        bool allowed;
    } cases[] = {
        {"MIT", true},
        {"GPL-3.0-only", false},
        {"GPL-3.0-only OR MIT", true},
        {"GPL-3.0-only AND MIT", false},
        {"(GPL-3.0-only OR AGPL-3.0-only) AND MIT", false},
        {"(GPL-3.0-only OR MIT) AND (AGPL-3.0-only OR ISC)", true},
        {"GPL-2.0-only WITH Linux-syscall-note", true},
        {"GPL-3.0-only WITH GCC-exception-3.1", false},
    };
    static const char *const denied[] = {"GPL-3.0-only", "AGPL-*", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PackagesLicence) licence = packages_licence_parse(cases[i].text, NULL);
        g_assert_cmpint(packages_licence_is_allowed(licence, denied), ==, cases[i].allowed);
    }
}

static void test_debian_names(void)
{
    static const char *const cases[][2] = {
        {"Expat", "MIT"},
        {"GPL-2+", "GPL-2.0-or-later"},
        {"GPLv3", "GPL-3.0-only"},
        {"LGPL-2.1+", "LGPL-2.1-or-later"},
        {"GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"},
        {"zlib", "Zlib"},
        {"BSD-3-clause", "BSD-3-Clause"},
        {"GPL-1+ or Artistic", "GPL-1.0-or-later OR Artistic-1.0-Perl"},
        {"GPL-2+ or Artistic-2.0, and BSD-3-clause",
         "(GPL-2.0-or-later OR Artistic-2.0) AND BSD-3-Clause"},
        {"MPL-1.1 or GPL-2 and Expat", "MPL-1.1 OR GPL-2.0-only AND MIT"},
        {"GPL-3+ with Autoconf exception", "GPL-3.0-or-later WITH Autoconf-exception-3.0"},
        {"GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"},
        {"LGPL-2.1+ with staticLink exception", "LicenseRef-x-LGPL-2.1--with-staticLink-exception"},
        {"Apache-2.0 with LLVM exception", "Apache-2.0 WITH LLVM-exception"},
        {"public-domain", "LicenseRef-public-domain"},
        {"GPL", "LicenseRef-x-GPL"},
        {"MIT/X11", "LicenseRef-x-MIT-X11"},
        {"expat or Foo_Bar", "MIT OR LicenseRef-x-Foo-Bar"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PackagesLicence) licence = packages_licence_from_debian(cases[i][0], "x");
        g_autofree char *text = packages_licence_print(licence);
        g_assert_cmpstr(text, ==, cases[i][1]);
        /* what is made of a Debian name has to be an SPDX expression */
        g_autoptr(GError) error = NULL;
        g_autoptr(PackagesLicence) again = packages_licence_parse(text, &error);
        g_assert_no_error(error);
    }
    g_assert_null(packages_licence_from_debian(" , and or", "x"));
}

static void test_file(const void *data)
{
    const char *path = data;
    g_autofree char *input = NULL;
    g_autofree char *wanted = NULL;
    size_t size_bytes = 0;
    g_assert_true(g_file_get_contents(path, &input, &size_bytes, NULL));
    g_autofree char *out_path = g_strdup_printf("%.*s.out", (int)strlen(path) - 3, path);
    g_assert_true(g_file_get_contents(out_path, &wanted, NULL, NULL));
    g_autoptr(PackagesCopyright) copyright = packages_copyright_parse(input, size_bytes, "x");
    g_autofree char *licence =
        copyright->licence != NULL ? packages_licence_print(copyright->licence) : g_strdup("-");
    g_autoptr(GString) got = g_string_new(NULL);
    g_string_append_printf(got, "%s\n%s\n", copyright->machine_readable ? "machine" : "prose",
                           licence);
    g_auto(GStrv) lines = g_strsplit(wanted, "\n", -1);
    for (size_t i = 2; i < g_strv_length(lines); i++) {
        if (*lines[i] == '\0')
            continue;
        g_autofree char *file = g_strndup(lines[i], strcspn(lines[i], ":"));
        const PackagesCopyrightPart *part = packages_copyright_find(copyright, file);
        g_string_append_printf(got, "%s: %s\n", file, part != NULL ? part->name : "-");
    }
    g_assert_cmpstr(got->str, ==, wanted);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/licence/expressions", test_expressions);
    g_test_add_func("/licence/bad-expressions", test_bad_expressions);
    g_test_add_func("/licence/allowed", test_allowed);
    g_test_add_func("/licence/debian-names", test_debian_names);
    g_assert_cmpint(argc, ==, 2);
    g_autoptr(GDir) dir = g_dir_open(argv[1], 0, NULL);
    g_assert_nonnull(dir);
    unsigned n = 0;
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
        if (!g_str_has_suffix(name, ".in"))
            continue;
        g_autofree char *test = g_strconcat("/copyright/", name, NULL);
        g_test_add_data_func_full(test, g_build_filename(argv[1], name, NULL), test_file, g_free);
        n++;
    }
    g_assert_cmpuint(n, >, 5);
    return g_test_run();
}
