/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ignition configs: a corpus of good and bad ones, places, merging, what a plan has of it.
 */
#include "provision/data-url.h"
#include "provision/error.h"
#include "provision/ignition/ignition.h"

#include <string.h>

static ProvisionValue *read_text(const char *text, ProvisionFetcher *fetcher,
                                 ProvisionReport *report, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    return provision_ignition_read("x", 1, bytes, fetcher, report, NULL, error);
}

static void check_corpus(const char *kind, bool good)
{
    g_autofree char *path = g_build_filename(g_getenv("ATOLL_TEST_DATA"), kind, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    unsigned n = 0;
    g_assert_no_error(error);
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir), n++) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *text = NULL;
        g_autoptr(ProvisionReport) report = provision_report_new();
        g_autoptr(GError) local = NULL;
        g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
        g_autoptr(ProvisionValue) value = read_text(text, NULL, report, &local);
        g_test_message("%s: %s", name, local != NULL ? local->message : "good");
        if (good)
            g_assert_no_error(local);
        else
            g_assert_error(local, PROVISION_ERROR, PROVISION_ERROR_INVALID);
        if (!good)
            g_assert_true(g_str_has_prefix(local->message, "x:"));
    }
    g_assert_cmpuint(n, >, 10);
}

static void test_good(void)
{
    check_corpus("good", true);
}

static void test_bad(void)
{
    check_corpus("bad", false);
}

static void test_places(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionValue) value =
        read_text("{\"ignition\": {\"version\": \"3.0.0\", \"proxy\": {}},\n"
                  " \"storage\": {\"file\": [],\n  \"files\": [{\"path\": \"/a\"}]}}",
                  NULL, report, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(report->records->len, ==, 2);
    const ProvisionRecord *late = report->records->pdata[0];
    const ProvisionRecord *unknown = report->records->pdata[1];
    g_assert_cmpint(late->outcome, ==, PROVISION_UNKNOWN);
    g_assert_cmpstr(late->message, ==, "came with spec 3.1.0, and this config says 3.0.0");
    g_assert_cmpstr(unknown->message, ==, "Ignition has no such key; did you mean ‘files’?");
    g_assert_cmpstr(unknown->at.key, ==, "storage.file");
    g_assert_cmpuint(unknown->at.line, ==, 2);
    g_assert_cmpuint(unknown->at.column, ==, 14);
}

/* What two configs, without their heads, come to. */
static void expect_merge(const char *parent_text, const char *child_text, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autofree char *one =
        g_strdup_printf("{\"ignition\": {\"version\": \"3.3.0\"}, %s}", parent_text);
    g_autofree char *two =
        g_strdup_printf("{\"ignition\": {\"version\": \"3.3.0\"}, %s}", child_text);
    g_autofree char *whole =
        g_strdup_printf("{\"ignition\": {\"version\": \"3.3.0\"}, %s}", wanted);
    g_autoptr(ProvisionValue) parent = read_text(one, NULL, report, &error);
    g_assert_no_error(error);
    g_autoptr(ProvisionValue) child = read_text(two, NULL, report, &error);
    g_assert_no_error(error);
    g_autoptr(ProvisionValue) merged = provision_ignition_merge(parent, child);
    g_autofree char *printed = provision_value_print(merged);
    g_assert_cmpstr(printed, ==, whole);
}

static void test_merge(void)
{
    expect_merge("\"storage\": {\"files\": [{\"path\": \"/a\", \"mode\": 1}, {\"path\": \"/b\"}]}",
                 "\"storage\": {\"files\": [{\"path\": \"/c\"}, {\"path\": \"/a\", \"mode\": 2}]}",
                 "\"storage\": {\"files\": [{\"path\": \"/a\", \"mode\": 2}, {\"path\": \"/b\"}, "
                 "{\"path\": \"/c\"}]}");
    expect_merge("\"storage\": {\"files\": [{\"path\": \"/a\"}]}",
                 "\"storage\": {\"links\": [{\"path\": \"/a\", \"target\": \"b\"}]}",
                 "\"storage\": {\"files\": [], \"links\": [{\"path\": \"/a\", "
                 "\"target\": \"b\"}]}");
    expect_merge("\"storage\": {\"files\": [{\"append\": [{\"source\": \"data:,a\"}], "
                 "\"path\": \"/a\"}]}",
                 "\"storage\": {\"files\": [{\"append\": [{\"source\": \"data:,a\"}], "
                 "\"path\": \"/a\"}]}",
                 "\"storage\": {\"files\": [{\"path\": \"/a\", \"append\": [{\"source\": "
                 "\"data:,a\"}, {\"source\": \"data:,a\"}]}]}");
    expect_merge("\"kernelArguments\": {\"shouldExist\": [\"a\", \"b\"]}",
                 "\"kernelArguments\": {\"shouldNotExist\": [\"a\"], \"shouldExist\": [\"c\"]}",
                 "\"kernelArguments\": {\"shouldExist\": [\"b\", \"c\"], \"shouldNotExist\": "
                 "[\"a\"]}");
    expect_merge("\"passwd\": {\"users\": [{\"name\": \"c\", \"uid\": 5, \"sshAuthorizedKeys\": "
                 "[\"k\"]}]}",
                 "\"passwd\": {\"users\": [{\"name\": \"c\", \"uid\": null, "
                 "\"sshAuthorizedKeys\": [\"k\", \"l\"]}]}",
                 "\"passwd\": {\"users\": [{\"name\": \"c\", \"sshAuthorizedKeys\": "
                 "[\"k\", \"l\"], \"uid\": 5}]}");
    expect_merge("\"storage\": {\"disks\": [{\"device\": \"/d\", \"partitions\": [{\"label\": "
                 "\"a\", \"number\": 1}, {\"label\": \"b\"}]}]}",
                 "\"storage\": {\"disks\": [{\"device\": \"/d\", \"partitions\": [{\"label\": "
                 "\"b\", \"sizeMiB\": 3}, {\"number\": 1, \"label\": \"x\"}]}]}",
                 "\"storage\": {\"disks\": [{\"device\": \"/d\", \"partitions\": [{\"label\": "
                 "\"x\", \"number\": 1}, {\"label\": \"b\", \"sizeMiB\": 3}]}]}");
    expect_merge(
        "\"storage\": {\"files\": [{\"path\": \"/a\", \"contents\": {\"source\": \"http://x/\", "
        "\"httpHeaders\": [{\"name\": \"A\", \"value\": \"1\"}, {\"name\": \"B\"}]}}]}",
        "\"storage\": {\"files\": [{\"path\": \"/a\", \"contents\": {\"source\": \"http://x/\", "
        "\"httpHeaders\": [{\"name\": \"A\"}]}}]}",
        "\"storage\": {\"files\": [{\"path\": \"/a\", \"contents\": {\"httpHeaders\": [{\"name\": "
        "\"B\"}], \"source\": \"http://x/\"}}]}");
}

static void test_references(void)
{
    static const char inner[] =
        "{\"ignition\": {\"version\": \"3.1.0\"}, \"storage\": {\"files\": [{\"path\": \"/b\"}]}}";
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionFetcher) fetcher = provision_fetcher_new();
    g_autoptr(GBytes) bytes = g_bytes_new_static(inner, strlen(inner));
    g_autofree char *url = provision_data_url_encode(bytes);
    provision_fetcher_set_offline(fetcher, true);
    g_autofree char *merges = g_strdup_printf(
        "{\"ignition\": {\"version\": \"3.3.0\", \"config\": {\"merge\": [{\"source\": \"%s\"}]}}, "
        "\"storage\": {\"files\": [{\"path\": \"/a\"}]}}",
        url);
    g_autoptr(ProvisionValue) merged = read_text(merges, fetcher, report, &error);
    g_assert_no_error(error);
    g_autofree char *printed = provision_value_print(merged);
    g_assert_cmpstr(printed, ==,
                    "{\"ignition\": {\"version\": \"3.1.0\"}, \"storage\": {\"files\": "
                    "[{\"path\": \"/a\"}, {\"path\": \"/b\"}]}}");
    g_autofree char *replaces = g_strdup_printf(
        "{\"ignition\": {\"version\": \"3.3.0\", \"config\": {\"replace\": {\"source\": \"%s\"}}}, "
        "\"storage\": {\"files\": [{\"path\": \"/a\"}]}}",
        url);
    g_autoptr(ProvisionValue) replaced = read_text(replaces, fetcher, report, &error);
    g_assert_no_error(error);
    g_autofree char *second = provision_value_print(replaced);
    g_assert_cmpstr(second, ==, inner);
    g_autoptr(ProvisionValue) remote =
        read_text("{\"ignition\": {\"version\": \"3.3.0\", \"config\": {\"merge\": [{\"source\": "
                  "\"http://192.0.2.1/x?secret\"}]}}}",
                  fetcher, report, &error);
    g_assert_null(remote);
    g_assert_error(error, PROVISION_ERROR, PROVISION_ERROR_NEED_NETWORK);
    g_assert_null(strstr(error->message, "secret"));
}

static void test_data_urls(void)
{
    static const struct {
        const char *url;
        const char *wanted;
    } cases[] = {
        {"data:,a%20b", "a b"},
        {"data:text/plain;charset=x,", ""},
        {"data:;base64,YQ==", "a"},
        {"data:;base64,YQ%3D%3D", "a"},
        {"data:;base64,YWJj", "abc"},
        {"data:,a%2", NULL},
        {"data:;base64,YQ", NULL},
        {"data:;base64,Y=Q=", NULL},
        {"data:x", NULL},
        {"http://x/,", NULL},
        {"data:;base64,Y!==", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = provision_data_url_decode(cases[i].url, &error);
        g_test_message("%s", cases[i].url);
        if (cases[i].wanted == NULL) {
            g_assert_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID);
            continue;
        }
        g_assert_no_error(error);
        g_autoptr(GBytes) wanted = g_bytes_new_static(cases[i].wanted, strlen(cases[i].wanted));
        g_assert_true(g_bytes_equal(bytes, wanted));
        g_autofree char *again = provision_data_url_encode(bytes);
        g_autoptr(GBytes) back = provision_data_url_decode(again, NULL);
        g_assert_true(g_bytes_equal(bytes, back));
    }
}

static void test_contents(void)
{
    static const char sha256[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    g_autoptr(GError) error = NULL;
    g_autofree char *right = g_strconcat("sha256-", sha256, NULL);
    g_autofree char *wrong = g_strconcat("sha256-3", sha256 + 1, NULL);
    ProvisionContents contents = {.url = (char *)"data:,hello", .verification = right};
    g_autoptr(GBytes) good = provision_fetcher_get(NULL, &contents, 100, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_bytes_get_size(good), ==, 5);
    contents.verification = wrong;
    g_assert_null(provision_fetcher_get(NULL, &contents, 100, NULL, &error));
    g_assert_error(error, PROVISION_ERROR, PROVISION_ERROR_REFUSED);
}

static void test_plan(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionPlan) plan = provision_plan_new();
    g_autoptr(ProvisionValue) value = read_text(
        "{\"ignition\": {\"version\": \"3.5.0\"}, \"storage\": {\"files\": [{\"path\": \"/a\", "
        "\"mode\": 2541, \"user\": {\"id\": 5}, \"contents\": {\"source\": \"\"}}], \"luks\": "
        "[{\"name\": \"l\", \"device\": \"/dev/x\", \"cex\": {\"enabled\": true}}]}, \"passwd\": "
        "{\"users\": [{\"name\": \"u\", \"shouldExist\": false, \"passwordHash\": \"\"}]}, "
        "\"systemd\": {\"units\": [{\"name\": \"a.service\", \"enabled\": false, \"dropins\": "
        "[{\"name\": \"x.conf\", \"contents\": \"[A]\"}]}]}}",
        NULL, report, &error);
    g_assert_no_error(error);
    g_ptr_array_set_size(report->records, 0);
    provision_ignition_plan(value, plan, report);
    g_assert_cmpuint(report->records->len, ==, 1);
    const ProvisionRecord *record = report->records->pdata[0];
    g_assert_cmpint(record->outcome, ==, PROVISION_UNSUPPORTED);
    const ProvisionNode *node = plan->nodes->pdata[0];
    g_assert_cmpint(node->mode, ==, 2541 & 0777);
    g_assert_cmpint(node->uid, ==, 5);
    g_assert_cmpstr(node->contents->url, ==, "");
    g_assert_false(node->overwrite);
    const ProvisionUser *user = plan->users->pdata[0];
    g_assert_false(user->should_exist);
    g_assert_cmpstr(user->password_hash, ==, "*");
    const ProvisionUnit *unit = plan->units->pdata[0];
    g_assert_cmpint(unit->enabled, ==, PROVISION_NO);
    g_assert_cmpint(unit->masked, ==, PROVISION_UNSET);
    g_assert_cmpuint(unit->dropins->len, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ignition/good", test_good);
    g_test_add_func("/ignition/bad", test_bad);
    g_test_add_func("/ignition/places", test_places);
    g_test_add_func("/ignition/merge", test_merge);
    g_test_add_func("/ignition/references", test_references);
    g_test_add_func("/ignition/data-urls", test_data_urls);
    g_test_add_func("/ignition/contents", test_contents);
    g_test_add_func("/ignition/plan", test_plan);
    return g_test_run();
}
