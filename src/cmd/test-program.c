/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of what is made out of a command table: look-up, help, completion, exit statuses.
 */
#include "cmd/completion.h"
#include "cmd/error.h"
#include "cmd/help.h"
#include "cmd/program.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

static CmdExit run_done(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    return CMD_EXIT_DONE;
}

static CmdExit run_nothing(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    return CMD_EXIT_NOTHING_TO_DO;
}

static CmdExit run_failed(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED, "it broke");
    return CMD_EXIT_FAILED;
}

static const CmdOption options[] = {
    {.name = "json",
     .help = "print JSON, which is a format for programs that want to read what "
             "a person would rather see as a table"},
    {.name = "a-very-long-name-of-an-option", .metavar = "ARGUMENT", .help = "isn't [short]: no"},
    {0},
};

static const CmdCommand commands[] = {
    {.name = "compose", .summary = "compose a tree", .options = options, .run = run_done},
    {.name = "manifest show", .summary = "show a manifest", .operands = "FILE", .run = run_nothing},
    {.name = "manifest check", .summary = "check a manifest", .run = run_failed},
    {0},
};

static const CmdProgram program = {"test-tool", "Does something", commands};

static void test_find(void)
{
    const struct {
        const char *words[4];
        const char *name;
        size_t used;
        const char *message;
    } cases[] = {
        {{"compose", "x"}, "compose", 1, NULL},
        {{"manifest", "show", "x"}, "manifest show", 2, NULL},
        {{"compsoe"}, NULL, 0, "unknown command ‘compsoe’; did you mean ‘compose’?"},
        {{"manifest", "sohw"},
         NULL,
         0,
         "unknown command ‘manifest sohw’; did you mean ‘manifest show’?"},
        {{"manifest"}, NULL, 0, "‘manifest’ needs a second word: ‘show’, ‘check’"},
        {{"manifest", "--json"}, NULL, 0, "‘manifest’ needs a second word: ‘show’, ‘check’"},
        {{"zzzzzzzzzzz"}, NULL, 0, "unknown command ‘zzzzzzzzzzz’"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        size_t used = 0;
        const CmdCommand *found = cmd_program_find(&program, cases[i].words, &used, &error);
        if (cases[i].name != NULL) {
            g_assert_no_error(error);
            g_assert_cmpstr(found->name, ==, cases[i].name);
            g_assert_cmpuint(used, ==, cases[i].used);
        } else {
            g_assert_null(found);
            g_assert_cmpstr(error->message, ==, cases[i].message);
        }
    }
}

static void assert_narrow(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++)
        g_assert_cmpint(g_utf8_strlen(lines[i], -1), <=, 80);
}

static void test_help(void)
{
    g_autofree char *whole = cmd_help_program(&program);
    assert_narrow(whole);
    g_assert_nonnull(strstr(whole, "manifest show"));
    g_assert_nonnull(strstr(whole, "completion SHELL"));
    g_autofree char *one = cmd_help_command(&program, &commands[0]);
    assert_narrow(one);
    g_assert_nonnull(strstr(one, "--a-very-long-name-of-an-option=ARGUMENT\n"));
    g_assert_nonnull(strstr(one, "\n\nCompose a tree.\n"));
    g_autofree char *json = cmd_help_json(&program);
    g_assert_nonnull(strstr(json, "\"name\": \"json\""));
}

static void assert_shell_accepts(const char *shell, const char *script)
{
    g_autofree char *found = g_find_program_in_path(shell);
    if (found == NULL)
        return;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("completion-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, script, -1, &error));
    const char *argv[] = {found, "-n", path, NULL};
    int status = -1;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                               &status, &error));
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void test_completion(void)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < G_N_ELEMENTS(shells); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *script = cmd_completion_print(&program, shells[i], &error);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(script, "--a-very-long-name-of-an-option"));
        g_assert_nonnull(strstr(script, "show"));
        assert_shell_accepts(shells[i], script);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(cmd_completion_print(&program, "tcsh", &error));
    g_assert_error(error, CMD_ERROR, CMD_ERROR_USAGE);
}

/* What bash offers for a typed line that ends in the word to complete. */
static char *complete_in_bash(const char *typed)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *script = cmd_completion_print(&program, "bash", &error);
    g_assert_no_error(error);
    g_autofree char *source =
        g_strdup_printf("%s\nCOMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _test_tool; "
                        "echo ${COMPREPLY[@]}",
                        script, typed);
    const char *argv[] = {"bash", "-c", source, NULL};
    char *output = NULL;
    g_assert_true(g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                               NULL, NULL, &error));
    return g_strchomp(output);
}

static void test_bash_offers(void)
{
    static const struct {
        const char *typed;
        const char *offered;
    } cases[] = {
        {"test-tool ''", "compose manifest help completion"},
        {"test-tool man", "manifest"},
        {"test-tool manifest ''", "show check"},
        {"test-tool compose --", "--json --a-very-long-name-of-an-option --help"},
        {"test-tool manifest show --", "--help"},
        {"test-tool manifest show /et", "/etc"},
        {"test-tool compose --a-very-long-name-of-an-option /et", "/etc"},
        {"test-tool completion ''", "bash zsh fish"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *offered = complete_in_bash(cases[i].typed);
        g_assert_cmpstr(offered, ==, cases[i].offered);
    }
}

static int call_main(const char *const *words)
{
    g_auto(GStrv) argv = g_strdupv((char **)words);
    return cmd_main("test-tool", "Does something", commands, (int)g_strv_length(argv), argv);
}

static void test_statuses(void)
{
    const struct {
        const char *words[4];
        int status;
    } cases[] = {
        {{"t"}, 2},
        {{"t", "--version"}, 0},
        {{"t", "--help"}, 0},
        {{"t", "help", "compose"}, 0},
        {{"t", "help", "nothing-like-it"}, 2},
        {{"t", "completion", "tcsh"}, 2},
        {{"t", "compose"}, 0},
        {{"t", "compose", "--help"}, 0},
        {{"t", "compose", "--wrong"}, 2},
        {{"t", "manifest", "show"}, 2},
        {{"t", "manifest", "check"}, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(call_main(cases[i].words), ==, cases[i].status);
    const char *nothing[] = {"t", "manifest", "show", "x", NULL};
    g_assert_cmpint(call_main(nothing), ==, 3);
}

static void test_signal_after_the_end(void)
{
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        return;
    }
    const char *words[] = {"t", "compose", NULL};
    g_assert_cmpint(call_main(words), ==, 0);
    g_assert_cmpint(raise(SIGINT), ==, 0);
    g_assert_cmpint(raise(SIGTERM), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmd/program/find", test_find);
    g_test_add_func("/cmd/program/help", test_help);
    g_test_add_func("/cmd/program/completion", test_completion);
    g_test_add_func("/cmd/program/bash-offers", test_bash_offers);
    g_test_add_func("/cmd/program/statuses", test_statuses);
    g_test_add_func("/cmd/program/signal-after-the-end", test_signal_after_the_end);
    return g_test_run();
}
