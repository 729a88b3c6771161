/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Key files: what is read, and that nothing malformed passes for less.
 */
#include "host/keys.h"

#include <string.h>

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "//////////////////////////////////////////8="

static void test_good(void)
{
    static const char text[] = "# ours\n" KEY_A "\n\n  " KEY_B " \r\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(HostKeys) keys = host_keys_new();
    g_assert_true(host_keys_parse(text, strlen(text), "f", keys->trusted, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(keys->trusted->len, ==, 2);
    uint8_t ones[BASE_ED25519_PUBLIC_BYTES];
    memset(ones, 0xff, sizeof ones);
    g_autoptr(GBytes) key = g_bytes_new(ones, sizeof ones);
    g_assert_true(host_keys_contains(keys->trusted, key));
    g_assert_false(host_keys_contains(keys->revoked, key));
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "x",
        "AAAA",
        KEY_A "A",
        KEY_A KEY_A,
        "!" KEY_A,
        "AAAA AAA" KEY_A,
        "====" KEY_A,
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strconcat(KEY_A "\n", bad[i], NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(HostKeys) keys = host_keys_new();
        g_test_message("%s", bad[i]);
        g_assert_false(host_keys_parse(text, strlen(text), "dir/file", keys->trusted, &error));
        g_assert_true(g_str_has_prefix(error->message, "dir/file:2: not an ed25519 public key"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/keys/good", test_good);
    g_test_add_func("/host/keys/bad", test_bad);
    return g_test_run();
}
