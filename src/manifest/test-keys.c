/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of the key table: rows that contradict each other, look-up.
 */
#include "manifest/keys.h"

#include <string.h>

static void test_rows(void)
{
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        g_assert_cmpstr(key->doc, !=, NULL);
        g_assert_true(key->doc[0] != '\0');
        if (key[1].name != NULL) /* printing relies on the order */
            g_assert_cmpstr(key->name, <, key[1].name);
    }
}

static void test_find(void)
{
    g_assert_cmpstr(manifest_key_find("ref")->name, ==, "ref");
    g_assert_cmpstr(manifest_key_find("packages")->name, ==, "packages");
    g_assert_cmpint(manifest_key_find("packages-amd64")->kind, ==, MANIFEST_KEY_ARCH_WORDS);
    g_assert_cmpint(manifest_key_find("packages-aarch64")->kind, ==, MANIFEST_KEY_ARCH_WORDS);
    g_assert_null(manifest_key_find("packages-"));
    g_assert_null(manifest_key_find("packages-vax"));
    g_assert_null(manifest_key_find("Ref"));
}

static void test_arch(void)
{
    const ManifestKey *key = manifest_key_find("packages-amd64");
    bool is_x86 = strcmp(manifest_key_basearch(), "x86_64") == 0;
    g_assert_cmpint(manifest_key_arch_matches(key, "packages-amd64"), ==, is_x86);
    g_assert_cmpint(manifest_key_arch_matches(key, "packages-x86_64"), ==, is_x86);
    g_assert_false(manifest_key_arch_matches(key, "packages-s390x") && is_x86);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manifest/keys/rows", test_rows);
    g_test_add_func("/manifest/keys/find", test_find);
    g_test_add_func("/manifest/keys/arch", test_arch);
    return g_test_run();
}
