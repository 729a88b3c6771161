/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Package files into the cache: what is fetched, what is there already, what is refused.
 */
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "packages/format.h"
#include "packages/resolve.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *directory;
    char *file;
    char *cache_dir;
    char *digest;
    GPtrArray *packages;
} Fixture;

static void fixture_init(Fixture *self)
{
    self->directory = g_dir_make_tmp("atoll-fetch-XXXXXX", NULL);
    self->file = g_build_filename(self->directory, "a.deb", NULL);
    self->cache_dir = g_build_filename(self->directory, "cache/packages", NULL);
    self->digest = base_sha256_hex("contents", 8);
    self->packages = g_ptr_array_new_with_free_func((GDestroyNotify)packages_package_free);
    g_assert_true(g_file_set_contents(self->file, "contents", 8, NULL));
    PackagesPackage *package = g_new0(PackagesPackage, 1);
    package->format = packages_format_find("deb");
    package->sha256 = g_strdup(self->digest);
    package->size_bytes = 8;
    package->url = g_strconcat("file://", self->file, NULL);
    g_ptr_array_add(self->packages, package);
}

static void fixture_clear(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->directory, &error));
    g_free(self->directory);
    g_free(self->file);
    g_free(self->cache_dir);
    g_free(self->digest);
    g_ptr_array_unref(self->packages);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void test_cache(void)
{
    g_auto(Fixture) fixture;
    g_autoptr(GError) error = NULL;
    fixture_init(&fixture);
    PackagesPackage *package = g_ptr_array_index(fixture.packages, 0);
    g_autofree char *wanted = g_strdup_printf("%s/%s.deb", fixture.cache_dir, fixture.digest);
    g_assert_true(packages_fetch(fixture.packages, fixture.cache_dir, NULL, NULL, &error));
    g_assert_cmpstr(package->path, ==, wanted);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(wanted, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "contents");

    /* The server is gone; the cache is not. */
    g_assert_cmpint(g_unlink(fixture.file), ==, 0);
    g_clear_pointer(&package->path, g_free);
    g_assert_true(packages_fetch(fixture.packages, fixture.cache_dir, NULL, NULL, &error));
    g_assert_cmpstr(package->path, ==, wanted);
}

static void test_local_file(void)
{
    g_auto(Fixture) fixture;
    g_autoptr(GError) error = NULL;
    fixture_init(&fixture);
    PackagesPackage *package = g_ptr_array_index(fixture.packages, 0);
    package->path = g_strdup(fixture.file);
    g_assert_true(packages_fetch(fixture.packages, fixture.cache_dir, NULL, NULL, &error));
    g_assert_cmpstr(package->path, ==, fixture.file);
    g_autofree char *cached = g_strdup_printf("%s/%s.deb", fixture.cache_dir, fixture.digest);
    g_assert_cmpint(access(cached, F_OK), !=, 0);
}

static void test_refusals(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture);
    PackagesPackage *package = g_ptr_array_index(fixture.packages, 0);
    static const char *const bad[] = {"Contents", "content", "contents!"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_set_contents(fixture.file, bad[i], -1, NULL));
        g_assert_false(packages_fetch(fixture.packages, fixture.cache_dir, NULL, NULL, &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST);
        g_assert_nonnull(strstr(error->message, package->url));
        g_assert_null(package->path);
    }
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_unlink(fixture.file), ==, 0);
    g_assert_false(packages_fetch(fixture.packages, fixture.cache_dir, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packages/fetch/cache", test_cache);
    g_test_add_func("/packages/fetch/local-file", test_local_file);
    g_test_add_func("/packages/fetch/refusals", test_refusals);
    return g_test_run();
}
