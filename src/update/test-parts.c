/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's memory, its identity, its question, and what it makes of refusals.
 */
#include "update/check.h"
#include "update/identity.h"
#include "update/ledger.h"
#include "update/refusal.h"

#include <string.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void test_ledger(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("atoll-ledger-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, UPDATE_LEDGER_NAME, NULL);
    g_autoptr(UpdateLedger) first = update_ledger_load(dir, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(first->blocked->len, ==, 0);
    update_ledger_block(first, A, "1", "did not start", 10);
    update_ledger_block(first, B, "2", "no network", 20);
    update_ledger_block(first, A, "1", "again", 30);
    first->held = true;
    first->held_reason = g_strdup("“quotes”\n");
    g_assert_true(update_ledger_save(first, dir, &error));
    g_autoptr(UpdateLedger) second = update_ledger_load(dir, &error);
    g_assert_no_error(error);
    g_autofree char *before = update_ledger_print(first);
    g_autofree char *after = update_ledger_print(second);
    g_assert_cmpstr(before, ==, after);
    g_assert_cmpuint(second->blocked->len, ==, 2);
    g_assert_cmpstr(((UpdateBlocked *)second->blocked->pdata[1])->reason, ==, "again");
    g_assert_false(update_ledger_unblock(second, "aaaa"));
    g_assert_true(update_ledger_unblock(second, "aaaaaaaa"));
    g_assert_true(update_ledger_unblock(second, "2"));
    g_assert_cmpuint(second->blocked->len, ==, 0);
    for (unsigned i = 0; i < UPDATE_LEDGER_MAX_BLOCKED + 5; i++) {
        g_autofree char *commit = g_strdup_printf("%064x", i);
        update_ledger_block(second, commit, "v", "r", i);
    }
    g_assert_cmpuint(second->blocked->len, ==, UPDATE_LEDGER_MAX_BLOCKED);
    /* a broken file is no empty one: the bad release would come back */
    g_assert_true(g_file_set_contents(path, "{\"blocked\": [{}]}", -1, &error));
    g_assert_null(update_ledger_load(dir, &error));
    g_assert_error(error, UPDATE_ERROR, UPDATE_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, path));
    g_autofree char *command = g_strdup_printf("rm -r '%s'", dir);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static void test_identity(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = update_identity_derive("0123456789abcdef0123456789abcdef\n", &error);
    g_assert_no_error(error);
    /* by systemd-id128(1) and by another HMAC */
    g_assert_cmpstr(id, ==, "583627a932274834a8ebd99f4ed41c0d");
    static const char *const wrong[] = {"", "uninitialized\n", "0123456789abcdef0123456789abcdeF",
                                        "0123456789abcdef0123456789abcdef0",
                                        "0123456789abcdef0123456789abcdef\n\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) wrong_error = NULL;
        g_assert_null(update_identity_derive(wrong[i], &wrong_error));
        g_assert_error(wrong_error, UPDATE_ERROR, UPDATE_ERROR_INVALID);
    }
}

static void test_url(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(UpdateConfig) config = update_config_new();
    static const char text[] =
        "graph: {url: 'https://example.org/${basearch}/${stream}/', stream: next}\n"
        "identity: {rollout-wariness: 0.25}\n";
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, sizeof text - 1);
    g_assert_true(update_config_read(config, "f", bytes, &error));
    UpdateAsker asker = {.config = config,
                         .node_id = "583627a932274834a8ebd99f4ed41c0d",
                         .host = {.booted = A},
                         .version = "1 & 2",
                         .basearch = "x86_64"};
    g_autofree char *url = update_check_url(&asker);
    g_assert_cmpstr(url, ==,
                    "https://example.org/x86_64/next/v1/graph?basearch=x86_64&stream=next"
                    "&os_version=1%20%26%202&os_checksum=" A
                    "&node_uuid=583627a932274834a8ebd99f4ed41c0d&group=default"
                    "&rollout_wariness=0.250000");
}

static void test_refusal(void)
{
    static const char *const rows[][2] = {
        {"{\"kind\": \"failed_lock\", \"value\": \"all slots\\nare taken\"}",
         ": all slots are taken"},
        {"{\"value\": 7}", ""},
        {"{\"value\": {}}", ""},
        {"[]", ""},
        {"<html>", ""},
        {"", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) body = g_bytes_new_static(rows[i][0], strlen(rows[i][0]));
        g_autofree char *text = update_refusal_text(body);
        g_assert_cmpstr(text, ==, rows[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/update/ledger", test_ledger);
    g_test_add_func("/update/identity", test_identity);
    g_test_add_func("/update/check/url", test_url);
    g_test_add_func("/update/refusal", test_refusal);
    return g_test_run();
}
