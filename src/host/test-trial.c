/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one deployment leaves for the next.
 */
#include "host/trial.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>

static void test_files(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("trial-XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_null(host_trial_load(dir));
    g_assert_true(host_trial_fail(dir, "a", "the reason\nin two lines\n", &error));
    g_autofree char *reason = host_trial_reason(dir, "a");
    g_assert_cmpstr(reason, ==, "the reason\nin two lines");
    g_assert_null(host_trial_reason(dir, "b"));
    /* a new trial begins with no failures */
    g_assert_true(host_trial_begin(dir, "a", &error));
    g_autofree char *trial = host_trial_load(dir);
    g_assert_cmpstr(trial, ==, "a");
    g_assert_null(host_trial_reason(dir, "a"));
    host_trial_end(dir);
    g_assert_null(host_trial_load(dir));

    g_assert_true(host_trial_tell_fallback(dir, "old", "went back", &error));
    g_autofree char *commit = NULL;
    g_autofree char *text = host_trial_fallback(dir, &commit);
    g_assert_cmpstr(text, ==, "went back");
    g_assert_cmpstr(commit, ==, "old");
    host_trial_forget_fallback(dir);
    g_assert_null(host_trial_fallback(dir, NULL));

    g_autofree char *later = g_build_filename(dir, "later", NULL);
    g_assert_true(host_trial_later(later, &error));
    g_assert_true(host_trial_later(later, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_test(later, G_FILE_TEST_EXISTS));
    g_autofree char *nowhere = g_build_filename(dir, "later/below", NULL);
    g_assert_false(host_trial_later(nowhere, &error));
    g_assert_nonnull(strstr(error->message, nowhere));
    g_clear_error(&error);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, dir, &error));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/trial/files", test_files);
    return g_test_run();
}
