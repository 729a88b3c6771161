/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tests of manifest/load that cases in files cannot say: digests, places, odd files.
 * The others are in tests/data/manifest.
 */
#include "manifest/manifest.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *dir;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("manifest-XXXXXX", &error);
    g_assert_no_error(error);
}

static void remove_dir(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name = NULL; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        if (g_file_test(child, G_FILE_TEST_IS_DIR) && !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
            remove_dir(child);
        else
            g_assert_cmpint(g_unlink(child), ==, 0);
    }
    g_assert_cmpint(g_rmdir(path), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    remove_dir(f->dir);
    g_free(f->dir);
}

static char *write_file(const Fixture *f, const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    char *path = g_build_filename(f->dir, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
    return path;
}

static Manifest *load(const char *path)
{
    g_autoptr(GError) error = NULL;
    Manifest *manifest = manifest_load(path, &error);
    g_assert_no_error(error);
    return manifest;
}

static void test_places(Fixture *f, gconstpointer data)
{
    g_autofree char *base = write_file(f, "base.yaml", "packages:\n  - systemd dbus\n");
    g_autofree char *path = write_file(
        f, "main.yaml", "include: base.yaml\nref: a/b\nrepos: [host-apt]\npackages:\n  - podman\n");
    g_autoptr(Manifest) manifest = load(path);
    g_assert_cmpuint(manifest->packages->len, ==, 3);
    const ManifestString *dbus = manifest->packages->pdata[1];
    g_assert_cmpstr(dbus->text, ==, "dbus");
    g_assert_cmpstr(dbus->place.file, ==, base);
    g_assert_cmpuint(dbus->place.line, ==, 2);
    g_assert_cmpuint(dbus->place.column, ==, 5);
    const ManifestString *podman = manifest->packages->pdata[2];
    g_assert_cmpstr(podman->place.file, ==, path);
    g_assert_cmpstr(manifest->path, ==, path);
    g_assert_true(manifest->documentation);
    g_assert_false(manifest->recommends);
}

static char *digest_of(const char *path)
{
    g_autoptr(Manifest) manifest = load(path);
    g_assert_cmpuint(strlen(manifest->digest), ==, 64);
    return g_strdup(manifest->digest);
}

static void test_digest(Fixture *f, gconstpointer data)
{
    static const char *const text =
        "ref: a/b\nrepos: [host-apt]\nadd-files:\n  - [files, /etc/files]\n";
    g_autofree char *here = write_file(f, "here/m.yaml", text);
    g_autofree char *there = write_file(f, "there/other-name.yaml", text);
    g_autofree char *first = write_file(f, "here/files/sub/a", "one");
    g_autofree char *second = write_file(f, "there/files/sub/a", "one");
    g_autofree char *before = digest_of(here);
    g_autofree char *elsewhere = digest_of(there);
    g_assert_cmpstr(before, ==, elsewhere);

    g_assert_cmpint(g_chmod(first, 0600), ==, 0);
    g_autofree char *other_mode = digest_of(here);
    g_assert_cmpstr(before, ==, other_mode);
    g_assert_cmpint(g_chmod(first, 0755), ==, 0);
    g_autofree char *executable = digest_of(here);
    g_assert_cmpstr(before, !=, executable);

    g_autofree char *changed = write_file(f, "there/files/sub/a", "two");
    g_autofree char *after = digest_of(there);
    g_assert_cmpstr(before, !=, after);
}

static void assert_fails(const char *path, int code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(manifest_load(path, &error));
    g_assert_error(error, MANIFEST_ERROR, code);
    if (strstr(error->message, part) == NULL)
        g_assert_cmpstr(error->message, ==, part);
}

static void test_odd_files(Fixture *f, gconstpointer data)
{
    assert_fails("/nonexistent/m.yaml", MANIFEST_ERROR_FAILED, "/nonexistent/m.yaml");
    assert_fails(f->dir, MANIFEST_ERROR_FAILED, f->dir);
    g_autofree char *link = g_build_filename(f->dir, "again.yaml", NULL);
    g_autofree char *path = write_file(f, "m.yaml", "include: again.yaml\n");
    g_assert_cmpint(symlink("m.yaml", link), ==, 0);
    assert_fails(path, MANIFEST_ERROR_CYCLE, "includes itself");
    g_autofree char *fifo = g_build_filename(f->dir, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_autofree char *adds =
        write_file(f, "adds.yaml", "ref: a\nrepos: [host-apt]\nadd-files: [[fifo, /etc/fifo]]\n");
    assert_fails(adds, MANIFEST_ERROR_INVALID, "adds.yaml:3:13: ");
}

static void test_json_loads_again(Fixture *f, gconstpointer data)
{
    g_autofree char *path =
        write_file(f, "m.yaml",
                   "ref: a/${releasever}\nreleasever: 12\nrepos: [host-apt]\npackages: [b "
                   "a]\nrecommends: true\n"
                   "add-commit-metadata: {n: 1, t: \"1\", b: true, l: [1.10, {x: y}]}\n"
                   "postprocess:\n  - |\n    #!/bin/sh\n    echo \"$HOME ${x}\"\n");
    g_autoptr(Manifest) manifest = load(path);
    g_autofree char *json = manifest_to_json(manifest);
    g_autofree char *again_path = write_file(f, "again.json", json);
    g_autoptr(Manifest) again = load(again_path);
    g_autofree char *json_again = manifest_to_json(again);
    g_assert_cmpstr(json, ==, json_again);
    g_assert_cmpstr(manifest->digest, ==, again->digest);
    g_assert_true(g_variant_equal(manifest->metadata, again->metadata));
}

#define TEST(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/manifest/load/places", test_places);
    TEST("/manifest/load/digest", test_digest);
    TEST("/manifest/load/odd-files", test_odd_files);
    TEST("/manifest/load/json-loads-again", test_json_loads_again);
    return g_test_run();
}
