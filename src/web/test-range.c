/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Range headers against the answers that RFC 9110, 14.1.2 wants.
 */
#include "web/range.h"

static const struct {
    const char *header;
    uint64_t size;
    WebRange want;
    uint64_t offset, length;
} cases[] = {
    {NULL, 100, WEB_RANGE_WHOLE, 0, 0},
    {"bytes=0-0", 100, WEB_RANGE_PART, 0, 1},
    {"bytes=0-", 100, WEB_RANGE_PART, 0, 100},
    {"bytes=99-", 100, WEB_RANGE_PART, 99, 1},
    {"bytes=10-19", 100, WEB_RANGE_PART, 10, 10},
    {"BYTES=10-19", 100, WEB_RANGE_PART, 10, 10},
    {"bytes=10-1000", 100, WEB_RANGE_PART, 10, 90},
    {"bytes=-1", 100, WEB_RANGE_PART, 99, 1},
    {"bytes=-1000", 100, WEB_RANGE_PART, 0, 100},
    {"bytes=100-", 100, WEB_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=0-", 0, WEB_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-0", 100, WEB_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=99999999999999999999999-", 100, WEB_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=0-99999999999999999999999", 100, WEB_RANGE_PART, 0, 100},
    {"bytes=18446744073709551615-18446744073709551615", 100, WEB_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=20-10", 100, WEB_RANGE_WHOLE, 0, 0},
    {"bytes=0-1,5-6", 100, WEB_RANGE_WHOLE, 0, 0},
    {"bytes=", 100, WEB_RANGE_WHOLE, 0, 0},
    {"bytes=-", 100, WEB_RANGE_WHOLE, 0, 0},
    {"bytes= 1-2", 100, WEB_RANGE_WHOLE, 0, 0},
    {"bytes=1-2x", 100, WEB_RANGE_WHOLE, 0, 0},
    {"bytes=+1-2", 100, WEB_RANGE_WHOLE, 0, 0},
    {"lines=1-2", 100, WEB_RANGE_WHOLE, 0, 0},
};

static void test_cases(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s of %lu", cases[i].header, (unsigned long)cases[i].size);
        uint64_t offset = 0, length = 0;
        g_assert_cmpint(web_range_parse(cases[i].header, cases[i].size, &offset, &length), ==,
                        cases[i].want);
        g_assert_cmpuint(offset, ==, cases[i].offset);
        g_assert_cmpuint(length, ==, cases[i].length);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/range/cases", test_cases);
    return g_test_run();
}
