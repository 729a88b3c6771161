/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which request paths are let in, and as what.
 */
#include "web/path.h"

#include <string.h>

static const struct {
    const char *raw;
    const char *want;
} cases[] = {
    {"/", "/"},
    {"/repo/objects/ab/cd.filez", "/repo/objects/ab/cd.filez"},
    {"/repo/", "/repo/"},
    {"/a%20b", "/a b"},
    {"/a%2fb", "/a/b"},
    {"/a%2Fb%25", "/a/b%"},
    {"/caf%c3%a9", "/café"},
    {"/..a/b..", "/..a/b.."},
    {"", NULL},
    {"a", NULL},
    {"*", NULL},
    {"http://host/a", NULL},
    {"//", NULL},
    {"/a//b", NULL},
    {"/.", NULL},
    {"/..", NULL},
    {"/a/../b", NULL},
    {"/a/%2e%2e/b", NULL},
    {"/a/%2E./b", NULL},
    {"/a%2f..%2fb", NULL},
    {"/a/./b", NULL},
    {"/a%00b", NULL},
    {"/a%0ab", NULL},
    {"/a%7f", NULL},
    {"/a\\b", NULL},
    {"/%", NULL},
    {"/%4", NULL},
    {"/%4x", NULL},
    {"/%ff", NULL},
    {"/%c0%ae%c0%ae/", NULL},
};

static void test_cases(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].raw);
        g_autofree char *got = web_path_decode(cases[i].raw);
        g_assert_cmpstr(got, ==, cases[i].want);
    }
}

static void test_length(void)
{
    g_autofree char *raw = g_strnfill(WEB_PATH_MAX_BYTES + 1, 'a');
    raw[0] = '/';
    g_assert_null(web_path_decode(raw));
    raw[WEB_PATH_MAX_BYTES] = '\0';
    g_autofree char *path = web_path_decode(raw);
    g_assert_cmpstr(path, ==, raw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/path/cases", test_cases);
    g_test_add_func("/web/path/length", test_length);
    return g_test_run();
}
