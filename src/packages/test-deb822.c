/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * deb822 text: what is cut how, and what is refused on which line.
 */
#include "packages/deb822.h"

#include <string.h>

static void assert_field(const PackagesDeb822Stanza *stanza, const char *name, const char *value)
{
    g_autofree char *text = packages_deb822_dup(stanza, name);
    g_assert_cmpstr(text, ==, value);
}

static void test_stanzas(void)
{
    static const char text[] = "\n# head\nPackage: bash\nVersion:5.2-1  \nDescription: GNU\n"
                               " long text\n .\n end\n \t\n\nPackage: dash\nEmpty:\n";
    PackagesDeb822Iter iter;
    PackagesDeb822Stanza stanza;
    g_autoptr(GError) error = NULL;
    packages_deb822_iter_init(&iter, text, strlen(text));

    g_assert_true(packages_deb822_iter_next(&iter, &stanza, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(stanza.n_fields, ==, 3);
    g_assert_cmpuint(stanza.line, ==, 3);
    assert_field(&stanza, "PACKAGE", "bash");
    assert_field(&stanza, "version", "5.2-1");
    assert_field(&stanza, "Description", "GNU\n long text\n .\n end");
    assert_field(&stanza, "Absent", NULL);
    g_assert_true(g_str_has_prefix(stanza.raw, "Package: bash\n"));
    g_assert_cmpmem(stanza.raw + stanza.raw_bytes - 5, 5, " end\n", 5);

    g_assert_true(packages_deb822_iter_next(&iter, &stanza, &error));
    assert_field(&stanza, "Package", "dash");
    assert_field(&stanza, "Empty", "");
    g_assert_true(packages_deb822_iter_next(&iter, &stanza, &error));
    g_assert_cmpuint(stanza.n_fields, ==, 0);
}

static void test_comment_in_value(void)
{
    static const char text[] = "Suites: a\n# not c\n b\nURIs: u";
    PackagesDeb822Stanza stanza;
    g_autoptr(GError) error = NULL;
    g_assert_true(packages_deb822_parse_one(text, strlen(text), &stanza, &error));
    assert_field(&stanza, "Suites", "a\n b");
    assert_field(&stanza, "URIs", "u");
    g_assert_true(packages_deb822_field_is(packages_deb822_find(&stanza, "uris"), "U"));
}

static void test_refusals(void)
{
    static const struct {
        const char *text;
        size_t size_bytes;
        const char *message;
    } cases[] = {
        {"A: 1\nno colon\n", 0, "line 2: wanted ‘Field: value’, found no colon"},
        {" lost\n", 0, "line 1: a continuation line without a field before it"},
        {"A: 1\na: 2\n", 0, "line 2: the stanza has this field already"},
        {"-A: 1\n", 0, "line 1: the text before the colon is no field name"},
        {"A b: 1\n", 0, "line 1: the text before the colon is no field name"},
        {": 1\n", 0, "line 1: the text before the colon is no field name"},
        {"A: 1\0\n", 6, "line 1: the text has a NUL byte"},
        {"\n\n", 0, "line 2: wanted a stanza, found nothing"},
        {"A: 1\n\nB: 2\n", 0, "line 3: wanted one stanza, found a second"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PackagesDeb822Stanza stanza;
        g_autoptr(GError) error = NULL;
        size_t size_bytes = cases[i].size_bytes != 0 ? cases[i].size_bytes : strlen(cases[i].text);
        g_assert_false(packages_deb822_parse_one(cases[i].text, size_bytes, &stanza, &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_too_many_fields(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i <= PACKAGES_DEB822_MAX_FIELDS; i++)
        g_string_append_printf(text, "F%u: x\n", i);
    PackagesDeb822Stanza stanza;
    g_autoptr(GError) error = NULL;
    g_assert_false(packages_deb822_parse_one(text->str, text->len, &stanza, &error));
    g_assert_cmpstr(error->message, ==, "line 257: the stanza has too many fields");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packages/deb822/stanzas", test_stanzas);
    g_test_add_func("/packages/deb822/comment-in-value", test_comment_in_value);
    g_test_add_func("/packages/deb822/refusals", test_refusals);
    g_test_add_func("/packages/deb822/too-many-fields", test_too_many_fields);
    return g_test_run();
}
