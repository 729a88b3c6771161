/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * *.repo files: what is read, and where errors say that they are.
 */
#include "manifest/records.h"
#include "manifest/repo-file.h"

#include <string.h>

static const char *find(const char *name, void *user_data)
{
    (void)user_data;
    return strcmp(name, "releasever") == 0 ? "42" : NULL;
}

static GPtrArray *parse(const char *text, const char *wanted, GPtrArray *ids, GError **error)
{
    ManifestRepoFile file = {
        .name = "d/x.repo", .data = text, .size_bytes = strlen(text), .variable = find};
    return manifest_repo_file_parse(&file, wanted, ids, error);
}

static void test_values(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) repos =
        parse("; comment\r\n[one-$releasever]\r\nbaseurl= a, b\r\n\tc\r\n  # no\r\n\r\n"
              "gpgcheck=off\r\nname = $5 $ {x\r\nexclude=x*\r\n[two]\nnonsense=1\n",
              "one-42", ids, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(repos->len, ==, 1);
    g_assert_cmpuint(ids->len, ==, 2);
    const ManifestRepo *repo = repos->pdata[0];
    g_assert_cmpstr(repo->id, ==, "one-42");
    g_assert_cmpuint(repo->place.line, ==, 2);
    g_autofree char *urls = g_strjoinv("|", repo->urls);
    g_assert_cmpstr(urls, ==, "a|b|c");
    g_assert_false(repo->rpm->gpgcheck);
    g_assert_cmpstr(repo->rpm->excludepkgs[0], ==, "x*");
    g_assert_cmpuint(repo->rpm->cost, ==, 1000);
}

static void test_errors(void)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"a=b\n", "d/x.repo:1:1: ‘a=b’ stands before the first ‘[REPOSITORY]’"},
        {"[a]\nb\n", "d/x.repo:2:1: wanted ‘KEY=VALUE’, found ‘b’"},
        {"[a\n", "d/x.repo:1:1: ‘[a’ is no ‘[REPOSITORY]’"},
        {"[a]\n[b]\n[a]\n", "d/x.repo:3:1: there is already a repository ‘a’ on line 1"},
        {"[a]\nbaseurll=x\n", "d/x.repo:2:1: unknown key ‘baseurll’; did you mean ‘baseurl’?"},
        {"[a]\ngpgcheck=maybe\n", "d/x.repo:2:1: ‘gpgcheck’ wants 1 or 0, not ‘maybe’"},
        {"[a]\n\ncost=-1\n", "d/x.repo:3:1: ‘cost’ wants a number, not ‘-1’"},
        {"[a]\nbaseurl=$nope\n", "d/x.repo:2:1: variable ‘$nope’ is not set; set it under "
                                 "‘repovars’ or as ‘releasever’ in the manifest"},
        {"[a]\ngpgkey=https://example.org/k\n",
         "d/x.repo:2:1: key ‘https://example.org/k’ is not on this machine; fetch it, check it, "
         "and name the file"},
        {"[a]\nsslverify=0\n", "d/x.repo:2:1: ‘sslverify’ is not supported: set it for the machine "
                               "(https_proxy, trusted certificates), not for a repository"},
        {"[a]\nname=\xff\n", "d/x.repo:2:1: the line is not UTF-8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) repos = parse(cases[i].text, NULL, NULL, &error);
        g_assert_null(repos);
        g_assert_error(error, MANIFEST_ERROR, MANIFEST_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manifest/repo-file/values", test_values);
    g_test_add_func("/manifest/repo-file/errors", test_errors);
    return g_test_run();
}
