/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of cmd/args.
 */
#include "cmd/args.h"

#include "cmd/error.h"

static const CmdOption options[] = {
    {.name = "json", .help = "print JSON"},
    {.name = "verbose", .letter = 'v', .help = "say more"},
    {.name = "force", .letter = 'f', .help = "do it"},
    {.name = "output", .letter = 'o', .metavar = "FILE", .help = "where to"},
    {.name = "karg", .metavar = "ARG", .help = "kernel argument", .repeatable = true},
    CMD_OPTION_STATE,
    {0},
};

static const CmdCommand command = {
    .name = "build", .summary = "build", .operands = "FILE [TARGET]", .options = options};
static const CmdCommand many = {.name = "many", .summary = "many", .operands = "FILE..."};
static const CmdCommand bare = {.name = "bare", .summary = "bare"};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_forms(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CmdArgs) args = cmd_args_parse(
        &command,
        WORDS("--json", "-vf", "in.yaml", "--output=a", "--karg", "x=1", "--karg=y", "--", "-z"),
        &error);
    g_assert_no_error(error);
    g_assert_true(cmd_args_flag(args, "json"));
    g_assert_true(cmd_args_flag(args, "verbose"));
    g_assert_true(cmd_args_flag(args, "force"));
    g_assert_cmpstr(cmd_args_string(args, "output"), ==, "a");
    g_assert_cmpstr(cmd_args_strings(args, "karg")[0], ==, "x=1");
    g_assert_cmpstr(cmd_args_strings(args, "karg")[1], ==, "y");
    g_assert_null(cmd_args_strings(args, "karg")[2]);
    g_assert_cmpstr(cmd_args_operands(args)[0], ==, "in.yaml");
    g_assert_cmpstr(cmd_args_operands(args)[1], ==, "-z");
    g_assert_null(cmd_args_operands(args)[2]);
}

static void test_letters(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CmdArgs) glued = cmd_args_parse(&command, WORDS("-vofile", "-"), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(cmd_args_string(glued, "output"), ==, "file");
    g_assert_cmpstr(cmd_args_operands(glued)[0], ==, "-");
    g_assert_false(cmd_args_flag(glued, "force"));
    g_assert_null(cmd_args_strings(glued, "karg")[0]);
    g_autoptr(CmdArgs) apart = cmd_args_parse(&command, WORDS("-o", "-v", "x"), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(cmd_args_string(apart, "output"), ==, "-v");
}

static void test_errors(void)
{
    const struct {
        const CmdCommand *command;
        const char *const *words;
        const char *message;
    } cases[] = {
        {&command, WORDS("--jsno", "x"), "unknown option ‘--jsno’; did you mean ‘--json’?"},
        {&command, WORDS("--qqqqqqqqq", "x"), "unknown option ‘--qqqqqqqqq’"},
        {&command, WORDS("-vx", "x"), "unknown option ‘-x’"},
        {&command, WORDS("-é", "x"), "unknown option ‘-é’"},
        {&command, WORDS("--json=1", "x"), "option ‘--json’ takes no argument"},
        {&command, WORDS("x", "--output"), "option ‘--output’ needs its argument FILE"},
        {&command, WORDS("x", "-o"), "option ‘--output’ needs its argument FILE"},
        {&command, WORDS("-oa", "-ob", "x"), "option ‘--output’ is given twice"},
        {&command, WORDS("--json"), "FILE is missing"},
        {&command, WORDS("a", "b", "c"), "unexpected operand ‘c’"},
        {&many, WORDS("--"), "FILE... is missing"},
        {&bare, WORDS("a"), "unexpected operand ‘a’"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(CmdArgs) args = cmd_args_parse(cases[i].command, cases[i].words, &error);
        g_assert_null(args);
        g_assert_error(error, CMD_ERROR, CMD_ERROR_USAGE);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_many_operands(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CmdArgs) args = cmd_args_parse(&many, WORDS("a", "b", "c", "d"), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length((char **)cmd_args_operands(args)), ==, 4);
}

static void test_help_needs_no_operand(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CmdArgs) args = cmd_args_parse(&command, WORDS("--help"), &error);
    g_assert_no_error(error);
    g_assert_true(cmd_args_flag(args, "help"));
}

static void test_state_dir(void)
{
    g_autoptr(GError) error = NULL;
    g_setenv("ATOLL_STATE", "/from/environment", TRUE);
    g_autoptr(CmdArgs) plain = cmd_args_parse(&command, WORDS("x"), &error);
    g_assert_no_error(error);
    g_autofree char *from_environment = cmd_args_state_dir(plain);
    g_assert_cmpstr(from_environment, ==, "/from/environment");
    g_autoptr(CmdArgs) given = cmd_args_parse(&command, WORDS("x", "--state", "/a/../b"), &error);
    g_assert_no_error(error);
    g_autofree char *from_option = cmd_args_state_dir(given);
    g_assert_cmpstr(from_option, ==, "/b");
    g_unsetenv("ATOLL_STATE");
    g_autofree char *fallback = cmd_args_state_dir(plain);
    g_assert_true(g_path_is_absolute(fallback));
    g_assert_true(g_str_has_suffix(fallback, "/atoll"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmd/args/forms", test_forms);
    g_test_add_func("/cmd/args/letters", test_letters);
    g_test_add_func("/cmd/args/errors", test_errors);
    g_test_add_func("/cmd/args/many-operands", test_many_operands);
    g_test_add_func("/cmd/args/help-needs-no-operand", test_help_needs_no_operand);
    g_test_add_func("/cmd/args/state-dir", test_state_dir);
    return g_test_run();
}
