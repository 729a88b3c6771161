/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs the cases of tests/data/solve-rpm. NAME.in begins with a stanza that says what is wanted;
 * the other stanzas are packages ("Repository: 2" puts one into the second), in which every
 * field that a case does not care about may be left out. NAME.comps and NAME.modules are read
 * where they are. NAME.out is the choice, or the error. Wanted packages stand on the lines of
 * "m.yaml", excluded ones of "x.yaml".
 */
#include "packages/deb822.h"
#include "packages/rpm/solve.h"

#include <stdio.h>
#include <string.h>

#define N_REPOS 2

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

static char **split_field(const PackagesDeb822Stanza *stanza, const char *name, const char *at)
{
    g_autofree char *text = packages_deb822_dup(stanza, name);
    char **parts = g_strsplit(text != NULL ? text : "", at, -1);
    for (char **part = parts; *part != NULL; part++)
        g_strstrip(*part);
    return parts;
}

static GPtrArray *read_list(const PackagesDeb822Stanza *stanza, const char *name, const char *file)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(string_free);
    g_auto(GStrv) words = split_field(stanza, name, ",");
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (*words[i] == '\0')
            continue;
        ManifestString *string = g_new0(ManifestString, 1);
        string->text = g_strdup(words[i]);
        string->place = (ManifestPlace){.file = g_strdup(file), .line = i + 1, .column = 1};
        g_ptr_array_add(list, string);
    }
    return list;
}

/* --- packages as createrepo_c writes them --- */

static void add_evr(GString *xml, const char *evr)
{
    const char *colon = strchr(evr, ':');
    const char *version = colon != NULL ? colon + 1 : evr;
    const char *dash = strchr(version, '-');
    g_string_append_printf(xml, " epoch=\"%.*s\" ver=\"%.*s\"",
                           colon != NULL ? (int)(colon - evr) : 1, colon != NULL ? evr : "0",
                           dash != NULL ? (int)(dash - version) : (int)strlen(version), version);
    if (dash != NULL)
        g_string_append_printf(xml, " rel=\"%s\"", dash + 1);
}

static void add_entry(GString *xml, const char *text)
{
    static const char *const flags[][2] = {
        {">=", "GE"}, {"<=", "LE"}, {"=", "EQ"}, {">", "GT"}, {"<", "LT"}};
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    bool is_rich = *text == '(';
    g_autofree char *name = g_markup_escape_text(is_rich ? text : words[0], -1);
    g_string_append_printf(xml, "<rpm:entry name=\"%s\"", name);
    for (size_t i = 0; !is_rich && g_strv_length(words) == 3 && i < G_N_ELEMENTS(flags); i++)
        if (strcmp(words[1], flags[i][0]) == 0) {
            g_string_append_printf(xml, " flags=\"%s\"", flags[i][1]);
            add_evr(xml, words[2]);
        }
    g_string_append(xml, "/>");
}

static void add_dependencies(GString *xml, const PackagesDeb822Stanza *stanza, const char *field,
                             const char *element)
{
    g_auto(GStrv) entries = split_field(stanza, field, ",");
    if (entries[0] == NULL || *entries[0] == '\0')
        return;
    g_string_append_printf(xml, "<rpm:%s>", element);
    for (char **entry = entries; *entry != NULL; entry++)
        add_entry(xml, *entry);
    g_string_append_printf(xml, "</rpm:%s>", element);
}

static void add_package(GString *xml, const PackagesDeb822Stanza *stanza)
{
    static const char *const kinds[][2] = {
        {"Requires", "requires"},     {"Conflicts", "conflicts"}, {"Obsoletes", "obsoletes"},
        {"Recommends", "recommends"}, {"Suggests", "suggests"},   {"Supplements", "supplements"},
        {"Enhances", "enhances"},
    };
    g_autofree char *name = packages_deb822_dup(stanza, "Package");
    g_autofree char *version = packages_deb822_dup(stanza, "Version");
    g_autofree char *arch = packages_deb822_dup(stanza, "Architecture");
    const char *evr = version != NULL ? version : "1-1";
    g_string_append_printf(xml, "<package type=\"rpm\"><name>%s</name><arch>%s</arch><version",
                           name, arch != NULL ? arch : "x86_64");
    add_evr(xml, evr);
    g_string_append(xml,
                    "/><checksum type=\"sha256\" pkgid=\"YES\">"
                    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff</checksum>"
                    "<size package=\"1000\" installed=\"1\"/><location href=\"p.rpm\"/><format>"
                    "<rpm:provides>");
    g_autofree char *self = g_strdup_printf("%s = %s", name, evr);
    add_entry(xml, self);
    g_auto(GStrv) provides = split_field(stanza, "Provides", ",");
    for (char **entry = provides; *entry != NULL && **entry != '\0'; entry++)
        add_entry(xml, *entry);
    g_string_append(xml, "</rpm:provides>");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        add_dependencies(xml, stanza, kinds[i][0], kinds[i][1]);
    g_auto(GStrv) files = split_field(stanza, "Files", " ");
    for (char **file = files; *file != NULL && **file != '\0'; file++)
        g_string_append_printf(xml, "<file>%s</file>", *file);
    g_string_append(xml, "</format></package>\n");
}

/* --- repositories --- */

typedef struct {
    ManifestRpmRepo rpm[N_REPOS];
    ManifestRepo repos[N_REPOS];
    PackagesRpmMetadata metadata[N_REPOS];
} Repos;

/* "Repo-2: priority=10 cost=5 excludepkgs=a,b" */
static void read_option(ManifestRpmRepo *rpm, const char *option)
{
    g_auto(GStrv) parts = g_strsplit(option, "=", 2);
    if (strcmp(parts[0], "priority") == 0)
        rpm->priority = (unsigned)g_ascii_strtoull(parts[1], NULL, 10);
    else if (strcmp(parts[0], "cost") == 0)
        rpm->cost = (unsigned)g_ascii_strtoull(parts[1], NULL, 10);
    else if (strcmp(parts[0], "excludepkgs") == 0)
        g_strfreev(rpm->excludepkgs), rpm->excludepkgs = g_strsplit(parts[1], ",", -1);
    else if (strcmp(parts[0], "includepkgs") == 0)
        g_strfreev(rpm->includepkgs), rpm->includepkgs = g_strsplit(parts[1], ",", -1);
    else if (strcmp(parts[0], "module_hotfixes") == 0)
        rpm->module_hotfixes = true;
    else
        g_assert_cmpstr(parts[0], ==, "a known option");
}

static void repos_init(Repos *self, const PackagesDeb822Stanza *stanza)
{
    static char ids[N_REPOS][4] = {"one", "two"};
    *self = (Repos){0};
    for (unsigned i = 0; i < N_REPOS; i++) {
        self->rpm[i] = (ManifestRpmRepo){
            .cost = MANIFEST_RPM_REPO_COST,
            .priority = MANIFEST_RPM_REPO_PRIORITY,
            .excludepkgs = g_new0(char *, 1),
            .includepkgs = g_new0(char *, 1),
        };
        g_autofree char *name = g_strdup_printf("Repo-%u", i + 1);
        g_auto(GStrv) options = split_field(stanza, name, " ");
        for (char **option = options; *option != NULL && **option != '\0'; option++)
            read_option(&self->rpm[i], *option);
        self->repos[i] =
            (ManifestRepo){.kind = MANIFEST_REPO_RPM, .id = ids[i], .rpm = &self->rpm[i]};
        self->metadata[i].repo = &self->repos[i];
        self->metadata[i].bases = g_ptr_array_new();
        g_ptr_array_add(self->metadata[i].bases, (gpointer) "http://example.org");
    }
}

static void repos_clear(Repos *self)
{
    for (unsigned i = 0; i < N_REPOS; i++) {
        g_strfreev(self->rpm[i].excludepkgs);
        g_strfreev(self->rpm[i].includepkgs);
        g_ptr_array_unref(self->metadata[i].bases);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Repos, repos_clear)

static void add_repo(PackagesRpmSolver *solver, const PackagesRpmMetadata *metadata, GString *xml)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("<metadata xmlns=\"http://linux.duke.edu/metadata/common\" "
                        "xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">%s</metadata>",
                        xml->str);
    g_autoptr(Stream) stream = fmemopen(text, strlen(text), "r");
    g_assert_true(packages_rpm_solver_add_text(solver, metadata, stream, &error));
    g_assert_no_error(error);
}

static GBytes *read_beside(const char *path, const char *suffix)
{
    g_autofree char *base = g_strndup(path, strlen(path) - strlen(".in"));
    g_autofree char *file = g_strconcat(base, suffix, NULL);
    char *text = NULL;
    gsize size_bytes = 0;
    return g_file_get_contents(file, &text, &size_bytes, NULL) ? g_bytes_new_take(text, size_bytes)
                                                               : NULL;
}

static void read_extras(const char *path, PackagesComps *comps, PackagesModules *modules)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) comps_text = read_beside(path, ".comps");
    g_autoptr(GBytes) modules_text = read_beside(path, ".modules");
    g_assert_true(comps_text == NULL || packages_comps_add(comps, comps_text, &error));
    g_assert_no_error(error);
    g_assert_true(modules_text == NULL || packages_modules_add(modules, modules_text, &error));
    g_assert_no_error(error);
}

/* "Repo-Packages: two: a, b" */
static GPtrArray *read_repo_packages(const PackagesDeb822Stanza *stanza, ManifestRepoPackages *row)
{
    GPtrArray *rows = g_ptr_array_new();
    row->packages = read_list(stanza, "Two-Packages", "r.yaml");
    row->repo = (char *)(uintptr_t) "two";
    if (row->packages->len > 0)
        g_ptr_array_add(rows, row);
    return rows;
}

static char *solve(const char *path, const char *data, size_t size_bytes)
{
    PackagesDeb822Iter iter;
    PackagesDeb822Stanza stanza;
    g_autoptr(GError) error = NULL;
    packages_deb822_iter_init(&iter, data, size_bytes);
    g_assert_true(packages_deb822_iter_next(&iter, &stanza, &error));
    g_auto(Repos) repos;
    repos_init(&repos, &stanza);
    g_autoptr(GPtrArray) wanted = read_list(&stanza, "Want", "m.yaml");
    g_autoptr(GPtrArray) excluded = read_list(&stanza, "Exclude", "x.yaml");
    g_autoptr(GPtrArray) enable = read_list(&stanza, "Enable", "e.yaml");
    g_autoptr(GPtrArray) install = read_list(&stanza, "Install", "i.yaml");
    ManifestRepoPackages row = {0};
    g_autoptr(GPtrArray) rows = read_repo_packages(&stanza, &row);
    g_autoptr(GPtrArray) row_packages = row.packages;
    Manifest manifest = {.packages = wanted,
                         .exclude_packages = excluded,
                         .repo_packages = rows,
                         .modules = {.enable = enable, .install = install}};
    manifest.recommends = packages_deb822_find(&stanza, "Recommends") != NULL;

    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) second = g_string_new(NULL);
    GString *const xml[N_REPOS] = {first, second};
    while (packages_deb822_iter_next(&iter, &stanza, &error) && stanza.n_fields > 0)
        add_package(xml[packages_deb822_find(&stanza, "Repository") != NULL ? 1 : 0], &stanza);
    g_assert_no_error(error);
    g_autoptr(PackagesComps) comps = packages_comps_new();
    g_autoptr(PackagesModules) modules = packages_modules_new();
    read_extras(path, comps, modules);
    g_autoptr(PackagesRpmSolver) solver = packages_rpm_solver_new("x86_64");
    for (unsigned i = 0; i < N_REPOS; i++)
        add_repo(solver, &repos.metadata[i], xml[i]);
    bool needs_files = packages_rpm_solver_needs_files(solver, &manifest);
    PackagesRpmQuestion question = {.manifest = &manifest, .comps = comps, .modules = modules};
    g_autoptr(GPtrArray) packages = packages_rpm_solver_run(solver, &question, &error);
    if (packages == NULL)
        return g_strdup_printf("%s%s\n", needs_files ? "needs files\n" : "", error->message);
    GString *text = g_string_new(needs_files ? "needs files\n" : "");
    for (unsigned i = 0; i < packages->len; i++) {
        const PackagesPackage *package = g_ptr_array_index(packages, i);
        g_string_append_printf(text, "%s %s %s %s\n", package->name, package->version,
                               package->arch, package->repo_id);
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
    g_autofree char *got = solve(in_path, in, size_bytes);
    g_assert_true(g_file_get_contents(out_path, &wanted, NULL, NULL));
    g_assert_cmpstr(got, ==, wanted);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(argv[1], 0, NULL);
    g_assert_nonnull(dir);
    for (const char *name = NULL; (name = g_dir_read_name(dir)) != NULL;)
        if (g_str_has_suffix(name, ".in")) {
            g_autofree char *test = g_strconcat("/packages/rpm-solve/data/", name, NULL);
            char *path = g_build_filename(argv[1], name, NULL);
            g_ptr_array_add(paths, path);
            g_test_add_data_func(test, path, test_case);
        }
    g_assert_cmpuint(paths->len, >, 0);
    return g_test_run();
}
