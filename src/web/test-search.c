/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parameters of a search: datagrepper's defaults, bounds and time table.
 */
#include "web/search.h"

#include <math.h>

#define NOW 1700000000.0

static void test_defaults(void)
{
    g_autoptr(WebSearch) search = web_search_parse(NULL, NOW, WEB_SEARCH_LENIENT, NULL);
    g_assert_cmpint(search->numbers[WEB_SEARCH_PAGE], ==, 1);
    g_assert_cmpint(search->numbers[WEB_SEARCH_ROWS_PER_PAGE], ==, 25);
    g_assert_cmpint(search->numbers[WEB_SEARCH_SINCE], ==, -1);
    g_assert_cmpint(search->numbers[WEB_SEARCH_CHROME], ==, 1);
    g_assert_cmpstr(search->texts[WEB_SEARCH_ORDER], ==, "desc");
    g_assert_cmpstr(search->texts[WEB_SEARCH_SIZE], ==, "large");
    g_assert_null(search->texts[WEB_SEARCH_CALLBACK]);
    for (unsigned i = 0; i < WEB_SEARCH_N_TIMES; i++)
        g_assert_true(isnan(search->times[i]));
    g_auto(BusQuery) query = {0};
    web_search_fill_query(search, &query);
    g_assert_null(query.topics.any);
    g_assert_cmpint(query.limit, ==, 25);
    g_assert_cmpint(query.offset, ==, 0);
    g_assert_cmpint(query.order, ==, BUS_ORDER_DESC);
}

/* Which of start, end and delta were given, and what they come to; -1 for none. */
static void test_times(void)
{
    static const struct {
        const char *raw;
        double start, end, delta;
    } cases[] = {
        {"", -1, -1, -1},
        {"delta=100", NOW - 100, NOW, 100},
        {"end=500", 0, 500, -1},
        {"end=500&delta=100", 400, 500, 100},
        {"start=1600000000", 1600000000, NOW, NOW - 1600000000},
        {"start=400&delta=100", 400, 500, 100},
        {"start=400&end=500", 400, 500, 100},
        {"start=400&end=500&delta=7", 400, 500, 100},
        {"start=2023-11-14&end=2023-11-14T22:13:20Z", 1699920000, 1700000000, 80000},
        {"start=1.5&end=2.25", 1.5, 2.25, 0.75},
        {"start=2023-11-14T23:13:20%2B01:00", 1700000000, NOW, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].raw);
        g_autoptr(GError) error = NULL;
        g_autoptr(WebSearch) search =
            web_search_parse(cases[i].raw, NOW, WEB_SEARCH_LENIENT, &error);
        g_assert_no_error(error);
        const double *times = search->times;
        double wanted[] = {cases[i].start, cases[i].end, cases[i].delta};
        WebSearchTime slots[] = {WEB_SEARCH_START, WEB_SEARCH_END, WEB_SEARCH_DELTA};
        for (unsigned k = 0; k < G_N_ELEMENTS(slots); k++) {
            if (wanted[k] < 0)
                g_assert_true(isnan(times[slots[k]]));
            else
                g_assert_cmpfloat_with_epsilon(times[slots[k]], wanted[k], 1e-6);
        }
    }
}

static void test_bad(void)
{
    static const struct {
        const char *raw, *message;
    } cases[] = {
        {"page=0", "parameter ‘page’: want a whole number from 1 to"},
        {"page=x", "parameter ‘page’"},
        {"rows_per_page=101", "from 0 to 100, got ‘101’"},
        {"rows_per_page=-1", "rows_per_page"},
        {"order=up", "want one of: desc asc, got ‘up’"},
        {"size=huge", "small medium large extra-large"},
        {"chrome=perhaps", "‘true’ or ‘false’"},
        {"start=yesterday", "parameter ‘start’"},
        {"start=-1", "parameter ‘start’"},
        {"start=nan", "parameter ‘start’"},
        {"end=1e300", "parameter ‘end’"},
        {"delta=inf", "parameter ‘delta’"},
        {"meta=everything", "parameter ‘meta’"},
        {"callback=alert(1)//", "parameter ‘callback’"},
        {"callback=1a", "parameter ‘callback’"},
        {"contains=x&topic=a", "at most eight months ago"},
        {"contains=x&start=1690000000", "a ‘topic’ or a ‘category’"},
        {"contains=x&start=1600000000&topic=a", "at most eight months ago"},
        {"topic=%ff", "parameter ‘topic’"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].raw);
        g_autoptr(GError) error = NULL;
        g_assert_null(web_search_parse(cases[i].raw, NOW, WEB_SEARCH_LENIENT, &error));
        g_assert_nonnull(strstr(error->message, cases[i].message));
    }
}

static void test_unknown(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(WebSearch) search =
        web_search_parse("grouped=true&_=1234", NOW, WEB_SEARCH_LENIENT, &error);
    g_assert_no_error(error);
    g_assert_nonnull(search);
    g_assert_null(web_search_parse("topik=a", NOW, WEB_SEARCH_STRICT, &error));
    g_assert_nonnull(strstr(error->message, "did you mean ‘topic’?"));
}

static void test_query(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(WebSearch) search = web_search_parse(
        "topic=a.*&topic=b&not_category=c&user=alice&package=bash&agent=bob&agent=host:x&"
        "page=3&rows_per_page=10&order=asc&start=1690000000&end=1690000001.5&severity=30",
        NOW, WEB_SEARCH_LENIENT, &error);
    g_assert_no_error(error);
    g_auto(BusQuery) query = {0};
    web_search_fill_query(search, &query);
    g_assert_cmpstr(query.topics.any[1], ==, "b");
    g_assert_cmpstr(query.categories.none[0], ==, "c");
    g_assert_cmpstr(query.users.any[0], ==, "alice");
    g_assert_cmpstr(query.packages.any[0], ==, "bash");
    g_assert_true(g_strv_contains((const char *const *)query.actors.any, "person:bob"));
    g_assert_true(g_strv_contains((const char *const *)query.actors.any, "host:x"));
    g_assert_false(g_strv_contains((const char *const *)query.actors.any, "person:host:x"));
    g_assert_cmpint(query.offset, ==, 20);
    g_assert_cmpint(query.limit, ==, 10);
    g_assert_cmpint(query.order, ==, BUS_ORDER_ASC);
    g_assert_cmpint(query.start_us, ==, 1690000000000000);
    g_assert_cmpint(query.end_us, ==, 1690000001500000);
    g_assert_cmpint(query.severity_min, ==, 30);

    /* A link leads to the same search. */
    g_autoptr(GString) link = g_string_new("/log");
    web_search_append(search, link);
    g_autoptr(WebSearch) again =
        web_search_parse(strchr(link->str, '?') + 1, NOW, WEB_SEARCH_STRICT, &error);
    g_assert_no_error(error);
    g_autoptr(GString) link_again = g_string_new("/log");
    web_search_append(again, link_again);
    g_assert_cmpstr(link->str, ==, link_again->str);
    g_assert_cmpint(again->lists[WEB_SEARCH_TOPIC]->len, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/search/defaults", test_defaults);
    g_test_add_func("/web/search/times", test_times);
    g_test_add_func("/web/search/bad", test_bad);
    g_test_add_func("/web/search/unknown", test_unknown);
    g_test_add_func("/web/search/query", test_query);
    return g_test_run();
}
