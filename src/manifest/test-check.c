/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of manifest/check.
 */
#include "manifest/check.h"

#include <stdbool.h>

static void test_checks(void)
{
    static const struct {
        char *(*check)(const char *text);
        const char *text;
        bool fine;
    } cases[] = {
        {manifest_check_ref, "debian/12/x86_64/minimal", true},
        {manifest_check_ref, "a", true},
        {manifest_check_ref, "", false},
        {manifest_check_ref, "/a", false},
        {manifest_check_ref, "a//b", false},
        {manifest_check_ref, "a/", false},
        {manifest_check_ref, "a/../b", false},
        {manifest_check_ref, "a b", false},
        {manifest_check_ref, "remote:a", false},
        {manifest_check_ref, "a/-b", false},
        {manifest_check_package, "libstdc++6", true},
        {manifest_check_package, "libc6:amd64", true},
        {manifest_check_package, "-x", false},
        {manifest_check_package, "a;b", false},
        {manifest_check_unit, "ssh.service", true},
        {manifest_check_unit, "getty@tty1.service", true},
        {manifest_check_unit, "ssh", false},
        {manifest_check_unit, ".service", false},
        {manifest_check_unit, "../a.service", false},
        {manifest_check_target, "multi-user.target", true},
        {manifest_check_target, "ssh.service", false},
        {manifest_check_locale, "en_GB.UTF-8", true},
        {manifest_check_locale, "en GB", false},
        {manifest_check_remove, "usr/share/doc", true},
        {manifest_check_remove, "/usr/share/doc", false},
        {manifest_check_remove, "usr/../etc", false},
        {manifest_check_remove, "", false},
        {manifest_check_target_path, "/etc/motd", true},
        {manifest_check_target_path, "usr/lib/x", true},
        {manifest_check_target_path, "/var/lib/x", false},
        {manifest_check_target_path, "/etc/../var", false},
        {manifest_check_target_path, "/etc/", false},
        {manifest_check_source_path, "files/motd", true},
        {manifest_check_source_path, "/etc/motd", false},
        {manifest_check_source_path, "a/../../b", false},
        {manifest_check_source_path, "..", false},
        {manifest_check_source_path, "a..b", true},
        {manifest_check_version_prefix, "12.<date:%Y%m%d>", true},
        {manifest_check_version_prefix, "1 2", false},
        {manifest_check_script, "#!/bin/sh\ntrue\n", true},
        {manifest_check_script, " \n", false},
        {manifest_check_url, "https://deb.example.org/debian", true},
        {manifest_check_url, "file:///srv/repo", true},
        {manifest_check_url, "ftp://example.org/", false},
        {manifest_check_url, "https://", false},
        {manifest_check_suite, "bookworm-security", true},
        {manifest_check_suite, "./", true},
        {manifest_check_suite, "../x/", false},
        {manifest_check_repo_name, "debian", true},
        {manifest_check_repo_name, "a/b", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *wrong = cases[i].check(cases[i].text);
        g_test_message("‘%s’: %s", cases[i].text, wrong == NULL ? "fine" : wrong);
        g_assert_cmpint(wrong == NULL, ==, cases[i].fine);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manifest/check", test_checks);
    return g_test_run();
}
