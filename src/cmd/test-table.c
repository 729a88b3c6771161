/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of cmd/table.
 */
#include "cmd/table.h"

static const CmdColumn columns[] = {{"PHASE", false}, {"TIME", true}, {"NOTE", false}, {0}};

static void test_alignment(void)
{
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    cmd_table_add(table, (const char *const[]){"fetching", "1.5 s", NULL});
    cmd_table_add(table, (const char *const[]){"größe", "12.0 s", "fine"});
    g_autofree char *text = cmd_table_print(table);
    g_assert_cmpstr(text, ==,
                    "PHASE       TIME  NOTE\n"
                    "fetching   1.5 s\n"
                    "größe     12.0 s  fine\n");
}

static void test_width(void)
{
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    g_autofree char *wide = g_strnfill(300, 'x');
    cmd_table_add(table, (const char *const[]){"a", "1", wide});
    g_autofree char *text = cmd_table_print(table);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    g_assert_cmpint(g_utf8_strlen(lines[1], -1), ==, 80);
    g_assert_true(g_str_has_suffix(lines[1], "x…"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmd/table/alignment", test_alignment);
    g_test_add_func("/cmd/table/width", test_width);
    return g_test_run();
}
