/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of cmd/terminal.
 */
#include "cmd/terminal.h"

static void test_lines(void)
{
    g_autofree char *known = cmd_terminal_line("fetching", 500000, 1000000, "bytes", 1000000);
    g_assert_cmpstr(known, ==, "fetching   50 %  500.0\u00a0kB of 1.0\u00a0MB, 500.0\u00a0kB/s");
    g_autofree char *items = cmd_terminal_line("importing", 3, 12, "packages", 5);
    g_assert_cmpstr(items, ==, "importing   25 %  3 of 12 packages");
    g_autofree char *unknown = cmd_terminal_line("listening", 7, 0, "requests", 5);
    g_assert_cmpstr(unknown, ==, "listening  7 requests");
    g_autofree char *phase = g_strnfill(200, 'x');
    g_autofree char *cut = cmd_terminal_line(phase, 1, 2, "files", 1);
    g_assert_cmpint(g_utf8_strlen(cut, -1), ==, 79);
}

static void report_all(CmdTerminalFlags flags)
{
    g_set_prgname("tool");
    g_autoptr(CmdTerminal) terminal = cmd_terminal_new(flags);
    const BaseProgress *progress = cmd_terminal_progress(terminal);
    base_progress_phase(progress, "fetching");
    for (uint64_t i = 0; i <= 100; i++)
        base_progress_update(progress, i, 100, "bytes");
    base_progress_note(progress, "careful: %d", 1);
    base_progress_phase(progress, "writing");
}

static void test_plain_child(void)
{
    report_all(CMD_TERMINAL_DEFAULT);
}

static void test_quiet_child(void)
{
    report_all(CMD_TERMINAL_QUIET);
}

static void test_without_terminal(void)
{
    g_test_trap_subprocess("/cmd/terminal/plain/subprocess", 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("fetching\ntool: careful: 1\nwriting\n");
    g_test_trap_subprocess("/cmd/terminal/quiet/subprocess", 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("tool: careful: 1\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmd/terminal/lines", test_lines);
    g_test_add_func("/cmd/terminal/without-terminal", test_without_terminal);
    g_test_add_func("/cmd/terminal/plain/subprocess", test_plain_child);
    g_test_add_func("/cmd/terminal/quiet/subprocess", test_quiet_child);
    return g_test_run();
}
