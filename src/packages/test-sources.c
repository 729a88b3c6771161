/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Both forms of apt's sources, and what a manifest's repositories become.
 */
#include "base/fd.h"
#include "packages/sources.h"

#include <fcntl.h>
#include <string.h>

typedef bool (*Parse)(const PackagesSourcesContext *context, const char *data, size_t size_bytes,
                      GPtrArray *sources, GError **error);

static GPtrArray *new_list(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)packages_source_free);
}

static char *describe(const PackagesSource *source)
{
    g_autofree char *components = g_strjoinv(",", source->components);
    g_autofree char *keyrings =
        source->keyrings != NULL ? g_strjoinv(",", source->keyrings) : g_strdup("default");
    g_autofree char *prints =
        source->fingerprints != NULL ? g_strjoinv(",", source->fingerprints) : g_strdup("");
    return g_strdup_printf("%s %s %s %s [%s]%s%s%s %s\n", source->origin, source->url,
                           source->suite, components, keyrings, prints,
                           source->trusted ? " trusted" : "",
                           source->ignore_expiry ? " unexpiring" : "",
                           source->inline_key != NULL ? source->inline_key : "-");
}

static char *parse(Parse function, const char *text)
{
    PackagesSourcesContext context = {"id", "f", "/r", "amd64"};
    g_autoptr(GPtrArray) sources = new_list();
    g_autoptr(GError) error = NULL;
    if (!function(&context, text, strlen(text), sources, &error)) {
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
        return g_strdup(error->message);
    }
    GString *out = g_string_new(NULL);
    for (unsigned i = 0; i < sources->len; i++) {
        g_autofree char *line = describe(g_ptr_array_index(sources, i));
        g_string_append(out, line);
    }
    return g_string_free(out, FALSE);
}

#define FPR "0123456789abcdef0123456789abcdef01234567"

static void test_list(void)
{
    static const struct {
        const char *text;
        const char *wanted;
    } cases[] = {
        {"deb http://h/debian/ stable main contrib # c\n",
         "f:1 http://h/debian stable main,contrib [default] -\n"},
        {"\n#deb x\n deb-src http://h/d stable main\ndeb\thttps://h/d  stable\tmain",
         "f:4 https://h/d stable main [default] -\n"},
        {"deb [arch=arm64,i386] http://h/d stable main\n", ""},
        {"deb [arch=arm64,amd64 lang=en] http://h/d stable main\n",
         "f:1 http://h/d stable main [default] -\n"},
        {"deb [ signed-by=/k.gpg trusted=yes check-valid-until=no ] file:/srv/r ./\n",
         "f:1 file:///srv/r ./  [/r/k.gpg] trusted unexpiring -\n"},
        {"deb [signed-by=" FPR "!] copy:///srv/r /\n",
         "f:1 file:///srv/r /  [default]0123456789ABCDEF0123456789ABCDEF01234567! -\n"},
        {"deb http://h/$(ARCH) s-$(ARCH)/\n", "f:1 http://h/amd64 s-amd64/  [default] -\n"},
        {"\ndeb http://h/d\n", "f:2: wanted ‘deb [options] URL SUITE COMPONENT…’"},
        {"deb [arch=amd64 http://h/d s m\n", "f:1: wanted ‘deb [options] URL SUITE COMPONENT…’"},
        {"debs http://h/d s m\n", "f:1: ‘debs’ is no type of source; wanted ‘deb’ or ‘deb-src’"},
        {"deb cdrom:/d s m\n", "f:1: ‘cdrom:/d’ is no http, https or file URL"},
        {"deb http://h/d s\n", "f:1: suite ‘s’ needs components (or a slash at its end)"},
        {"deb http://h/d s/ m\n", "f:1: suite ‘s/’ ends in a slash and so has no components"},
        {"deb http://h/d ../x m\n", "f:1: ‘../x’ is no suite"},
        {"deb [signed-by=k.gpg] http://h/d s m\n",
         "f:1: Signed-By ‘k.gpg’ is neither an absolute path nor a fingerprint"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = parse(packages_sources_parse_list, cases[i].text);
        g_assert_cmpstr(got, ==, cases[i].wanted);
    }
}

static void test_deb822(void)
{
    static const struct {
        const char *text;
        const char *wanted;
    } cases[] = {
        {"Types: deb deb-src\n# c\nURIs: http://a/d http://b/d\nSuites: s\n t\nComponents: m c\n"
         "Signed-By: /k.gpg, /l.gpg\n",
         "f:1 http://a/d s m,c [/r/k.gpg,/r/l.gpg] -\nf:1 http://a/d t m,c [/r/k.gpg,/r/l.gpg] -\n"
         "f:1 http://b/d s m,c [/r/k.gpg,/r/l.gpg] -\n"
         "f:1 http://b/d t m,c [/r/k.gpg,/r/l.gpg] -\n"},
        {"Types: deb-src\nURIs: http://a/d\nSuites: s\nComponents: m\n", ""},
        {"Enabled: no\nTypes: deb\nURIs: http://a/d\nSuites: s\nComponents: m\n", ""},
        {"Types: deb\nURIs: http://a/d\nSuites: s\nComponents: m\nArchitectures: arm64\n", ""},
        {"\n\nTypes: deb\nURIs: http://a/d\nSuites: s/\nTrusted: yes\nCheck-Valid-Until: no\n"
         "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd\n",
         "f:3 http://a/d s/  [default] trusted unexpiring "
         "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n\n"},
        {"Types: deb\nSuites: s\n", "f:1: the source has no field ‘URIs’"},
        {"Types: deb\nURIs\n", "f: line 2: wanted ‘Field: value’, found no colon"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = parse(packages_sources_parse_deb822, cases[i].text);
        g_assert_cmpstr(got, ==, cases[i].wanted);
    }
}

/* --- a manifest's repositories --- */

static void put(const char *root, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *load(ManifestRepo *repo, const char *root)
{
    g_autoptr(GPtrArray) repos = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_ptr_array_add(repos, repo);
    g_autoptr(GPtrArray) sources = packages_sources_load(repos, root, "amd64", &error);
    if (sources == NULL)
        return g_strdup(error->message);
    GString *out = g_string_new(NULL);
    for (unsigned i = 0; i < sources->len; i++) {
        g_autofree char *line = describe(g_ptr_array_index(sources, i));
        g_string_append(out, line);
    }
    return g_string_free(out, FALSE);
}

static void test_host_apt(void)
{
    char id[] = "host-apt";
    char file[] = "m.yaml";
    ManifestRepo repo = {.kind = MANIFEST_REPO_HOST_APT, .id = id, .place = {file, 2, 5}};
    g_autoptr(GError) error = NULL;
    g_autofree char *root = g_dir_make_tmp("atoll-apt-XXXXXX", NULL);
    g_autofree char *none = load(&repo, root);
    g_autofree char *none_wanted =
        g_strdup_printf("m.yaml:2:5: repository ‘host-apt’: ‘%s/etc/apt’ has no enabled source of "
                        "binary packages for amd64",
                        root);
    g_assert_cmpstr(none, ==, none_wanted);

    put(root, "etc/apt/sources.list", "deb http://h/d s m\n");
    put(root, "etc/apt/sources.list.d/b.list", "deb http://h/d s c m\n");
    put(root, "etc/apt/sources.list.d/a.sources",
        "Types: deb\nURIs: http://i/d\nSuites: s\nComponents: m\nSigned-By: /k.gpg\n");
    put(root, "etc/apt/sources.list.d/c.list.disabled", "nonsense\n");
    put(root, "etc/apt/trusted.gpg.d/x.asc", "key");
    put(root, "etc/apt/trusted.gpg.d/x.txt", "no key");
    put(root, "etc/apt/trusted.gpg", "key");
    put(root, "etc/apt/apt.conf.d/99x", "Acquire::Check-Valid-Until \"false\";\n");
    g_autofree char *got = load(&repo, root);
    g_autofree char *wanted = g_strdup_printf(
        "%s/etc/apt/sources.list:1 http://h/d s m,c "
        "[%s/etc/apt/trusted.gpg.d/x.asc,%s/etc/apt/trusted.gpg] unexpiring -\n"
        "%s/etc/apt/sources.list.d/a.sources:1 http://i/d s m [%s/k.gpg] unexpiring -\n",
        root, root, root, root, root);
    g_assert_cmpstr(got, ==, wanted);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, root, &error));
}

static void test_deb(void)
{
    char id[] = "mine";
    char file[] = "m.yaml";
    char url[] = "file:/srv/repo/";
    char suite[] = "s";
    char component[] = "m";
    char keyring[] = "/nonexistent/k.gpg";
    char *urls[] = {url, NULL};
    char *suites[] = {suite, NULL};
    char *components[] = {component, NULL};
    ManifestRepo repo = {.kind = MANIFEST_REPO_DEB,
                         .id = id,
                         .urls = urls,
                         .suites = suites,
                         .components = components,
                         .place = {file, 2, 5}};
    g_autofree char *no_key = load(&repo, "");
    g_assert_cmpstr(no_key, ==,
                    "m.yaml:2:5: repository ‘mine’: it has neither a keyring nor "
                    "‘trusted: true’");
    repo.trusted = true;
    g_autofree char *trusted = load(&repo, "");
    g_assert_cmpstr(trusted, ==, "m.yaml:2 file:///srv/repo s m [] trusted -\n");
    repo.keyring = keyring;
    g_autofree char *bad_key = load(&repo, "");
    g_assert_cmpstr(bad_key, ==,
                    "m.yaml:2:5: repository ‘mine’: its keyring "
                    "‘/nonexistent/k.gpg’ cannot be read");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packages/sources/list", test_list);
    g_test_add_func("/packages/sources/deb822", test_deb822);
    g_test_add_func("/packages/sources/host-apt", test_host_apt);
    g_test_add_func("/packages/sources/deb", test_deb);
    return g_test_run();
}
