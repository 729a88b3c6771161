/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Packages made by dpkg-deb, read and checked against what dpkg would have unpacked.
 */
#include "base/fd.h"
#include "base/run.h"
#include "packages/formats/deb.h"
#include "packages/formats/payload.h"
#include "store/loose.h"
#include "store/store.h"
#include "support/store-fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void run(const SupportStore *fixture, const char *script)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *full = g_strdup_printf("cd '%s'\n%s", fixture->dir, script);
    g_assert_true(base_run_simple("test script", &error, "sh", "-ec", full, NULL));
    g_assert_no_error(error);
}

static void make_package(const SupportStore *fixture, const char *compression)
{
    g_autofree char *script = g_strdup_printf(
        "rm -rf p && mkdir -p p/DEBIAN p/bin p/etc p/usr/share/doc/hello\n"
        "printf 'Package: hello\\nVersion: 1.0-1\\nArchitecture: amd64\\nMulti-Arch: same\\n"
        "Maintainer: A <a@example.org>\\nDescription: says hello\\n longer\\n' > p/DEBIAN/control\n"
        "printf '/etc/hello.conf\\n' > p/DEBIAN/conffiles\n"
        "printf '#!/bin/sh\\nexit 0\\n' > p/DEBIAN/postinst; chmod 755 p/DEBIAN/postinst\n"
        "echo conf > p/etc/hello.conf\n"
        "echo prog > p/bin/hello; chmod 4755 p/bin/hello; ln p/bin/hello p/bin/hello2\n"
        "ln -s hello p/bin/hi\n"
        "head -c 3000000 /dev/zero > p/usr/share/doc/hello/large\n"
        "dpkg-deb --root-owner-group -Z%s -b p hello.deb\n",
        compression);
    run(fixture, script);
}

static bool read_package(const SupportStore *fixture, const char *name, PackagesContents *out_deb,
                         GError **error)
{
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);
    base_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    return packages_deb_read(fd, store_get_build_fd(fixture->store), out_deb, error);
}

static void check_text(const SupportStore *fixture, StoreNode *root, const char *path,
                       const char *expected)
{
    g_autoptr(GError) error = NULL;
    const StoreNode *node = store_node_find(root, path);
    g_assert_nonnull(node);
    g_autoptr(GBytes) bytes =
        store_load_contents(store_get_build_fd(fixture->store), node->checksum, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(g_bytes_get_data(bytes, NULL), ==, expected);
}

static void test_read(SupportStore *fixture, const void *compression)
{
    g_autoptr(GError) error = NULL;
    g_auto(PackagesContents) deb = {0};
    make_package(fixture, compression);
    g_assert_true(read_package(fixture, "hello.deb", &deb, &error));
    g_assert_no_error(error);
    check_text(fixture, deb.root, "usr/bin/hello", "prog\n");
    check_text(fixture, deb.root, "usr/bin/hello2", "prog\n");
    check_text(fixture, deb.root, "etc/hello.conf", "conf\n");
    check_text(fixture, deb.root, PACKAGES_DPKG_DIR "/info/hello:amd64.conffiles",
               "/etc/hello.conf\n");
    check_text(fixture, deb.root, PACKAGES_DPKG_DIR "/info/hello:amd64.list",
               "/.\n/bin\n/bin/hello\n/bin/hello2\n/etc\n/etc/hello.conf\n/usr\n/usr/share\n"
               "/usr/share/doc\n/usr/share/doc/hello\n/usr/share/doc/hello/large\n/bin/hi\n");
    run(fixture, "(cd p && md5sum bin/hello bin/hello2 etc/hello.conf usr/share/doc/hello/large) "
                 "> md5sums");
    g_autofree char *md5sums = g_build_filename(fixture->dir, "md5sums", NULL);
    g_autoptr(GBytes) expected = base_fd_read_file(AT_FDCWD, md5sums, 4096, &error);
    check_text(fixture, deb.root, PACKAGES_DPKG_DIR "/info/hello:amd64.md5sums",
               g_bytes_get_data(expected, NULL));
    const StoreNode *hello = store_node_find(deb.root, "usr/bin/hello");
    g_assert_cmpuint(hello->meta.mode, ==, S_IFREG | 04755);
    g_assert_cmpuint(store_node_find(deb.root, "usr/share/doc/hello/large")->size_bytes, ==,
                     3000000);
    g_assert_cmpstr(store_node_find(deb.root, "usr/bin/hi")->target, ==, "hello");
    g_assert_nonnull(strstr(deb.stanza, "Package: hello\nStatus: install ok unpacked\n"));
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, "conf\n", -1);
    g_autofree char *conffiles = g_strdup_printf("Conffiles:\n /etc/hello.conf %s\n", digest);
    g_assert_nonnull(strstr(deb.stanza, conffiles));
    g_assert_nonnull(strstr(deb.stanza, "Description: says hello\n longer\n"));
    g_autofree char *path = g_build_filename(fixture->dir, "hello.deb", NULL);
    base_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autofree char *sha256 = base_sha256_hex_of_fd(fd, &error);
    g_assert_cmpstr(deb.sha256, ==, sha256);
}

static void test_truncated(SupportStore *fixture, const void *data)
{
    (void)data;
    make_package(fixture, "xz");
    g_autofree char *path = g_build_filename(fixture->dir, "hello.deb", NULL);
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    for (off_t cut = 0; cut < st.st_size - 16; cut += 97) {
        g_autoptr(GError) error = NULL;
        g_auto(PackagesContents) deb = {0};
        g_autofree char *script = g_strdup_printf("head -c %ld hello.deb > cut.deb", (long)cut);
        run(fixture, script);
        g_assert_false(read_package(fixture, "cut.deb", &deb, &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
    }
}

static void test_hostile(SupportStore *fixture, const void *data)
{
    (void)data;
    make_package(fixture, "gzip");
    static const char *const tars[] = {
        "echo a > f && tar -cPf data.tar --transform 's,^f,../../outside,' f",
        "mkfifo pipe && tar -cf data.tar pipe",
        "echo a > f && ln f g && tar -cf data.tar f g && tar --delete -f data.tar f",
        "echo not a tar archive at all > data.tar",
        "truncate -s 1G f && tar -S -cf data.tar f",
        "d=$(printf 'd/%.0s' $(seq 200)) && mkdir -p $d && tar -cf data.tar $d && rm -r d",
        "echo a > f && ln f g && tar -cPf data.tar --transform 's,^g,./,' f g",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(tars); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(PackagesContents) deb = {0};
        g_autofree char *script =
            g_strdup_printf("rm -f f g pipe data.tar evil.deb\n"
                            "ar x hello.deb control.tar.gz debian-binary\n%s\n"
                            "ar rc evil.deb debian-binary control.tar.gz data.tar",
                            tars[i]);
        run(fixture, script);
        g_assert_false(read_package(fixture, "evil.deb", &deb, &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
    }
}

static void test_normalize(void)
{
    static const struct {
        const char *path;
        const char *expected;
    } rows[] = {
        {"./usr/bin/a", "usr/bin/a"},
        {"/usr//bin/", "usr/bin"},
        {"./", ""},
        {".", ""},
        {"a/./b", "a/b"},
        {"../a", NULL},
        {"a/../b", NULL},
        {"././a", "a"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = packages_payload_normalize(rows[i].path);
        g_assert_cmpstr(path, ==, rows[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/deb/read/xz", SupportStore, "xz", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/deb/read/gzip", SupportStore, "gzip", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/deb/read/zstd", SupportStore, "zstd", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/deb/read/none", SupportStore, "none", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/deb/truncated", SupportStore, NULL, support_store_set_up, test_truncated,
               support_store_tear_down);
    g_test_add("/deb/hostile", SupportStore, NULL, support_store_set_up, test_hostile,
               support_store_tear_down);
    g_test_add_func("/deb/normalize", test_normalize);
    return g_test_run();
}
