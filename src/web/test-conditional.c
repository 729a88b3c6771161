/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * HTTP dates and entity tags.
 */
#include "web/conditional.h"

static void test_dates(void)
{
    g_autofree char *text = web_conditional_print_date(784111777);
    g_assert_cmpstr(text, ==, "Sun, 06 Nov 1994 08:49:37 GMT");
    g_assert_cmpint(web_conditional_parse_date(text), ==, 784111777);
    static const char *const bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37 CET",
                                      "Sun, 06 Nov 1994 08:49:37 GMTx",
                                      "Sun, 99 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Foo 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "784111777"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(web_conditional_parse_date(bad[i]), ==, -1);
}

static void test_etags(void)
{
    static const struct {
        const char *list;
        bool want;
    } cases[] = {
        {"\"x\"", true},
        {"*", true},
        {"W/\"x\"", true},
        {"\"a\", \"x\"", true},
        {"\"a\",W/\"x\" ", true},
        {"\"a\"", false},
        {"x", false},
        {"", false},
        {"\"x", false},
        {"**", false},
        {"\"xx\", \"\"", false},
        {"W/", false},
        {"\"a\", garbage", false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].list);
        g_assert_cmpint(web_conditional_etag_matches(cases[i].list, "\"x\""), ==, cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/conditional/dates", test_dates);
    g_test_add_func("/web/conditional/etags", test_etags);
    return g_test_run();
}
