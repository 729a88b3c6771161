/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Failures as dpkg 1.21 prints them.
 */
#include "tree/configure.h"

#include "base/error.h"

static GError *fail(const char *const *lines, int code)
{
    g_auto(TreeConfigure) configure = {.total = 3};
    for (; *lines != NULL; lines++)
        tree_configure_line(&configure, *lines);
    GError *error = NULL;
    g_assert_false(tree_configure_set_error(
        &configure, g_error_new_literal(BASE_ERROR, code, "dpkg failed"), &error));
    return error;
}

static void test_exit_status(void)
{
    static const char *const lines[] = {
        "Setting up one (1) ...",
        "noise",
        "Setting up two (1) ...",
        "boom",
        "dpkg: error processing package two (--configure):",
        " installed two package post-installation script subprocess returned error exit status 7",
        "Setting up three (1) ...",
        "Errors were encountered while processing:",
        " two",
        NULL,
    };
    g_autoptr(GError) error = fail(lines, BASE_ERROR_CHILD);
    g_assert_error(error, TREE_ERROR, TREE_ERROR_SCRIPT);
    g_assert_cmpstr(error->message, ==,
                    "the postinst script of package ‘two’ failed with exit status 7\n  | boom");
}

static void test_signal(void)
{
    static const char *const lines[] = {
        "Processing triggers for libc-bin (2.36) ...",
        "dpkg: error processing package libc-bin:amd64 (--configure):",
        " installed libc-bin:amd64 package post-installation script subprocess was killed by "
        "signal (Killed)",
        NULL,
    };
    g_autoptr(GError) error = fail(lines, BASE_ERROR_CHILD);
    g_assert_cmpstr(error->message, ==,
                    "the postinst script of package ‘libc-bin’ was killed by signal (Killed)");
}

static void test_last_lines(void)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(lines, g_strdup("Setting up one (1) ..."));
    for (int i = 0; i < 100; i++)
        g_ptr_array_add(lines, g_strdup_printf("line %d", i));
    g_ptr_array_add(lines, g_strdup("dpkg: error processing package one (--configure):"));
    g_ptr_array_add(lines, g_strdup(" dependency problems - leaving unconfigured"));
    g_ptr_array_add(lines, NULL);
    g_autoptr(GError) error = fail((const char *const *)lines->pdata, BASE_ERROR_NO_SPACE);
    g_assert_true(base_error_is_no_space(error));
    g_assert_true(g_str_has_prefix(error->message, "package ‘one’ cannot be configured: "
                                                   "dependency problems - leaving unconfigured\n"
                                                   "  | line 88\n"));
    g_assert_true(g_str_has_suffix(error->message, "\n  | line 99"));
}

static void test_no_script(void)
{
    static const char *const lines[] = {"dpkg: error: unable to lock", NULL};
    g_autoptr(GError) error = fail(lines, BASE_ERROR_CHILD);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_CHILD);
    g_assert_cmpstr(error->message, ==, "dpkg failed");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/configure/exit-status", test_exit_status);
    g_test_add_func("/tree/configure/signal", test_signal);
    g_test_add_func("/tree/configure/last-lines", test_last_lines);
    g_test_add_func("/tree/configure/no-script", test_no_script);
    return g_test_run();
}
