/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs the cases of tests/data/solve. NAME.in begins with a stanza that says what is wanted;
 * the rest is Packages text, in which every field that a case does not care about may be
 * left out, and "Repository: 2" puts a package into a second one. NAME.out is the choice, or
 * the error. Wanted packages stand on the lines of "m.yaml", excluded ones of "x.yaml".
 */
#include "packages/deb822.h"
#include "packages/solve.h"

#include <stdio.h>
#include <string.h>

typedef FILE Stream;

static void stream_close(Stream *stream)
{
    (void)fclose(stream);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_close)

static void string_free(gpointer data)
{
    ManifestString *string = data;
    g_free(string->text);
    g_free(string->place.file);
    g_free(string);
}

static GPtrArray *read_list(const PackagesDeb822Stanza *stanza, const char *name, const char *file)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(string_free);
    g_autofree char *text = packages_deb822_dup(stanza, name);
    g_auto(GStrv) words = g_strsplit(text != NULL ? text : "", " ", -1);
    for (unsigned i = 0; words[i] != NULL; i++) {
        ManifestString *string = g_new0(ManifestString, 1);
        string->text = g_strdup(words[i]);
        string->place = (ManifestPlace){.file = g_strdup(file), .line = i + 1, .column = 1};
        g_ptr_array_add(list, string);
    }
    return list;
}

static void complete_stanza(const PackagesDeb822Stanza *stanza, GString *text)
{
    static const struct {
        const char *name;
        const char *value;
    } defaults[] = {
        {"Version", "1"},
        {"Architecture", "amd64"},
        {"Filename", "pool/file.deb"},
        {"SHA256", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
        {"Size", "1000"},
    };
    g_string_append_len(text, stanza->raw, (gssize)stanza->raw_bytes);
    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++)
        if (packages_deb822_find(stanza, defaults[i].name) == NULL)
            g_string_append_printf(text, "%s: %s\n", defaults[i].name, defaults[i].value);
    g_string_append_c(text, '\n');
}

static void add_repo(PackagesSolver *solver, const PackagesIndex *index, GString *text)
{
    g_autoptr(GError) error = NULL;
    if (text->len == 0)
        return;
    g_autoptr(Stream) stream = fmemopen(text->str, text->len, "r");
    g_assert_true(packages_solver_add_text(solver, index, stream, &error));
    g_assert_no_error(error);
}

static char *solve(const char *data, size_t size_bytes)
{
    PackagesDeb822Iter iter;
    PackagesDeb822Stanza stanza;
    g_autoptr(GError) error = NULL;
    packages_deb822_iter_init(&iter, data, size_bytes);
    g_assert_true(packages_deb822_iter_next(&iter, &stanza, &error));
    g_autoptr(GPtrArray) wanted = read_list(&stanza, "Want", "m.yaml");
    g_autoptr(GPtrArray) excluded = read_list(&stanza, "Exclude", "x.yaml");
    Manifest manifest = {.packages = wanted, .exclude_packages = excluded};
    manifest.recommends = packages_deb822_find(&stanza, "Recommends") != NULL;

    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) second = g_string_new(NULL);
    while (packages_deb822_iter_next(&iter, &stanza, &error) && stanza.n_fields > 0)
        complete_stanza(&stanza,
                        packages_deb822_find(&stanza, "Repository") != NULL ? second : first);
    g_assert_no_error(error);

    char id[] = "test";
    char url[] = "http://example.org";
    PackagesSource source = {.repo_id = id, .url = url};
    PackagesIndex index = {.source = &source};
    g_autoptr(PackagesSolver) solver = packages_solver_new("amd64");
    add_repo(solver, &index, first);
    add_repo(solver, &index, second);
    g_autoptr(GPtrArray) packages = packages_solver_run(solver, &manifest, &error);
    if (packages == NULL)
        return g_strdup_printf("%s\n", error->message);
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < packages->len; i++) {
        const PackagesPackage *package = g_ptr_array_index(packages, i);
        g_string_append_printf(text, "%s %s %s\n", package->name, package->version, package->arch);
    }
    return g_string_free(text, FALSE);
}

static void test_case(gconstpointer data)
{
    const char *in_path = data;
    g_autofree char *base = g_strndup(in_path, strlen(in_path) - strlen(".in"));
    g_autofree char *out_path = g_strconcat(base, ".out", NULL);
    g_autofree char *in = NULL;
    g_autofree char *wanted = NULL;
    gsize size_bytes = 0;
    g_assert_true(g_file_get_contents(in_path, &in, &size_bytes, NULL));
    g_assert_true(g_file_get_contents(out_path, &wanted, NULL, NULL));
    g_autofree char *got = solve(in, size_bytes);
    g_assert_cmpstr(got, ==, wanted);
}

static void test_record(void)
{
    static char text[] = "Package: a\nVersion: 1:2-3\nArchitecture: all\nSource: src (4)\n"
                         "Filename: ./pool/a_1%3a2-3.deb\nSize: 5\nInstalled-Size: 6\nSHA256: "
                         "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\n";
    char id[] = "test";
    char url[] = "file:///srv/repo";
    PackagesSource source = {.repo_id = id, .url = url};
    PackagesIndex index = {.source = &source};
    g_autoptr(GError) error = NULL;
    g_autoptr(PackagesSolver) solver = packages_solver_new("amd64");
    g_autoptr(Stream) stream = fmemopen(text, strlen(text), "r");
    g_assert_true(packages_solver_add_text(solver, &index, stream, &error));
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    g_autoptr(GPtrArray) excluded = g_ptr_array_new();
    char name[] = "a";
    ManifestString string = {.text = name};
    g_ptr_array_add(wanted, &string);
    Manifest manifest = {.packages = wanted, .exclude_packages = excluded};
    g_autoptr(GPtrArray) packages = packages_solver_run(solver, &manifest, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(packages->len, ==, 1);
    const PackagesPackage *package = g_ptr_array_index(packages, 0);
    g_assert_cmpstr(package->name, ==, "a");
    g_assert_cmpstr(package->version, ==, "1:2-3");
    g_assert_cmpstr(package->arch, ==, "all");
    g_assert_cmpstr(package->source, ==, "src");
    g_assert_cmpstr(package->sha256, ==,
                    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    g_assert_cmpuint(package->size_bytes, ==, 5);
    g_assert_cmpuint(package->installed_bytes, ==, 6 * 1024);
    g_assert_cmpstr(package->repo_id, ==, "test");
    g_assert_cmpstr(package->url, ==, "file:///srv/repo/pool/a_1%253a2-3.deb");
    g_assert_cmpstr(package->path, ==, "/srv/repo/pool/a_1%3a2-3.deb");
}

static void test_bad_text(void)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"Version: 1\n", "line 1: package ‘’: field ‘Package’ is missing"},
        {"\nPackage: a/b\nVersion: 1\n",
         "line 2: package ‘a/b’: field ‘Package’ has a character that it must not have"},
        {"Package: a\nVersion: 1\nArchitecture: all\nFilename: x/../../y\n",
         "line 1: package ‘a’: field ‘Filename’ is no path below the repository"},
        {"Package: a\nVersion: 1\nArchitecture: all\nFilename: x\nSHA256: 00\n",
         "line 1: package ‘a’: field ‘SHA256’ has the wrong length"},
        {"Package: a\nnonsense\n", "line 2: wanted ‘Field: value’, found no colon"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char id[] = "test";
        PackagesSource source = {.repo_id = id};
        PackagesIndex index = {.source = &source};
        g_autoptr(GError) error = NULL;
        g_autoptr(PackagesSolver) solver = packages_solver_new("amd64");
        g_autoptr(Stream) stream =
            fmemopen((void *)(uintptr_t)cases[i].text, strlen(cases[i].text), "r");
        g_assert_false(packages_solver_add_text(solver, &index, stream, &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    g_test_add_func("/packages/solve/record", test_record);
    g_test_add_func("/packages/solve/bad-text", test_bad_text);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(argv[1], 0, NULL);
    g_assert_nonnull(dir);
    for (const char *name = NULL; (name = g_dir_read_name(dir)) != NULL;)
        if (g_str_has_suffix(name, ".in")) {
            g_autofree char *test = g_strconcat("/packages/solve/data/", name, NULL);
            char *path = g_build_filename(argv[1], name, NULL);
            g_ptr_array_add(paths, path);
            g_test_add_data_func(test, path, test_case);
        }
    g_assert_cmpuint(paths->len, >, 0);
    return g_test_run();
}
