/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Query strings: decoding, and what is refused.
 */
#include "web/query.h"

static char *print(const GPtrArray *pairs)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < pairs->len; i++) {
        const WebPair *pair = pairs->pdata[i];
        g_string_append_printf(text, "[%s|%s]", pair->name, pair->value);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_good(void)
{
    static const struct {
        const char *raw, *want;
    } cases[] = {
        {NULL, ""},
        {"", ""},
        {"&&", ""},
        {"a=b", "[a|b]"},
        {"a=b&c=d&a=e", "[a|b][c|d][a|e]"},
        {"a", "[a|]"},
        {"a=", "[a|]"},
        {"=a", "[|a]"},
        {"a=b=c", "[a|b=c]"},
        {"a=b+c%20d%2Bx", "[a|b c d+x]"},
        {"%61=%C3%BC", "[a|ü]"},
        {"a=%26%3D", "[a|&=]"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].raw != NULL ? cases[i].raw : "NULL");
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) pairs = web_query_parse(cases[i].raw, &error);
        g_assert_no_error(error);
        g_autofree char *text = print(pairs);
        g_assert_cmpstr(text, ==, cases[i].want);
    }
}

static void test_bad(void)
{
    static const char *const cases[] = {"a=%",   "a=%2",  "a=%zz", "a=%00",      "a=%0a",
                                        "a=%7f", "%ff=a", "a=%c3", "a=%ed%a0%80"};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i]);
        g_autoptr(GError) error = NULL;
        g_assert_null(web_query_parse(cases[i], &error));
        g_assert_nonnull(error);
    }
}

static void test_caps(void)
{
    g_autoptr(GString) many = g_string_new(NULL);
    for (unsigned i = 0; i < WEB_QUERY_MAX_PAIRS; i++)
        g_string_append(many, "a=b&");
    g_autoptr(GPtrArray) most = web_query_parse(many->str, NULL);
    g_assert_cmpint(most->len, ==, WEB_QUERY_MAX_PAIRS);
    g_string_append(many, "a=b");
    g_assert_null(web_query_parse(many->str, NULL));
    g_autofree char *longest = g_strnfill(WEB_QUERY_MAX_BYTES, 'a');
    g_autoptr(GPtrArray) one = web_query_parse(longest, NULL);
    g_assert_nonnull(one);
    g_autofree char *longer = g_strnfill(WEB_QUERY_MAX_BYTES + 1, 'a');
    g_assert_null(web_query_parse(longer, NULL));
}

static void test_append(void)
{
    g_autoptr(GString) link = g_string_new("/log");
    web_query_append(link, "a", "b c&d=ü");
    web_query_append(link, "e", "f");
    g_assert_cmpstr(link->str, ==, "/log?a=b%20c%26d%3D%C3%BC&e=f");
    g_autoptr(GPtrArray) pairs = web_query_parse(strchr(link->str, '?') + 1, NULL);
    g_assert_cmpstr(web_query_find(pairs, "a"), ==, "b c&d=ü");
    g_assert_null(web_query_find(pairs, "x"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/query/good", test_good);
    g_test_add_func("/web/query/bad", test_bad);
    g_test_add_func("/web/query/caps", test_caps);
    g_test_add_func("/web/query/append", test_append);
    return g_test_run();
}
