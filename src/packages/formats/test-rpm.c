/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Packages made by rpmbuild, signed by rpmsign, read and checked against what went in.
 */
#include "base/fd.h"
#include "base/run.h"
#include "packages/formats/rpm.h"
#include "packages/signature.h"
#include "store/loose.h"
#include "support/store-fixture.h"

#include <fcntl.h>
#include <rpm/header.h>
#include <rpm/rpmtag.h>
#include <string.h>
#include <sys/stat.h>

static void run(const SupportStore *fixture, const char *script)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *full =
        g_strdup_printf("exec 2>&1 >/dev/null; cd '%s'\n%s", fixture->dir, script);
    bool ok = base_run_simple("test script", &error, "sh", "-ec", full, NULL);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static void make_package(const SupportStore *fixture, const char *payload)
{
    g_autofree char *script = g_strdup_printf(
        "cat > hello.spec <<'END'\n"
        "Name: hello\nEpoch: 2\nVersion: 1.0~rc1\nRelease: 3\nSummary: says hello\nLicense: MIT\n"
        "%%description\nlonger\n"
        "%%install\nmkdir -p %%{buildroot}/usr/bin %%{buildroot}/etc %%{buildroot}/var/log\n"
        "echo prog > %%{buildroot}/usr/bin/hello\nln %%{buildroot}/usr/bin/hello "
        "%%{buildroot}/usr/bin/hello2\nln -s hello %%{buildroot}/usr/bin/hi\n"
        "echo ping > %%{buildroot}/usr/bin/ping\necho conf > %%{buildroot}/etc/hello.conf\n"
        "touch %%{buildroot}/usr/bin/none\n"
        "head -c 3000000 /dev/zero > %%{buildroot}/usr/bin/large\n"
        "%%files\n%%attr(4755, root, daemon) /usr/bin/hello\n%%attr(4755, root, daemon) "
        "/usr/bin/hello2\n"
        "/usr/bin/hi\n/usr/bin/large\n/usr/bin/none\n%%caps(cap_net_raw=ep) /usr/bin/ping\n"
        "%%config(noreplace) /etc/hello.conf\n%%dir %%attr(0700, root, root) /var/log\n"
        "%%ghost /var/log/hello.log\n"
        "END\n"
        "rm -rf out\nrpmbuild -bb --quiet --target noarch --define \"_topdir $PWD/top\" "
        "--define \"_rpmdir $PWD/out\" --define '_rpmfilename hello.rpm' "
        "--define '_binary_payload %s' --define '__os_install_post %%{nil}' hello.spec\n",
        payload);
    run(fixture, script);
}

static bool read_package(const SupportStore *fixture, const char *name, GBytes *keys,
                         PackagesContents *out_contents, GError **error)
{
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);
    base_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    char package_name[] = "hello";
    char version[] = "2:1.0~rc1-3";
    char arch[] = "noarch";
    PackagesPackage package = {
        .name = package_name, .version = version, .arch = arch, .keys = keys};
    return packages_rpm_read(fd, &package, store_get_build_fd(fixture->store), out_contents, error);
}

static void check_text(const SupportStore *fixture, StoreNode *root, const char *path,
                       uint32_t mode, const char *expected)
{
    g_autoptr(GError) error = NULL;
    const StoreNode *node = store_node_find(root, path);
    g_assert_nonnull(node);
    g_assert_cmpuint(node->meta.mode, ==, S_IFREG | mode);
    g_autoptr(GBytes) bytes =
        store_load_contents(store_get_build_fd(fixture->store), node->checksum, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), (int)g_bytes_get_size(bytes), expected,
                    (int)strlen(expected));
}

static void check_capability(const StoreNode *node)
{
    static const uint8_t wanted[] = {1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    g_assert_nonnull(node->meta.xattrs);
    const char *name = NULL;
    g_autoptr(GVariant) value = NULL;
    g_variant_get_child(node->meta.xattrs, 0, "(^&ay@ay)", &name, &value);
    g_assert_cmpstr(name, ==, "security.capability");
    g_assert_cmpmem(g_variant_get_data(value), (int)g_variant_get_size(value), wanted,
                    (int)sizeof wanted);
}

static void check_header(GBytes *bytes)
{
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(bytes, &size_bytes);
    Header header = headerImport((void *)(uintptr_t)data, (unsigned)size_bytes, HEADERIMPORT_COPY);
    g_assert_nonnull(header);
    g_assert_cmpstr(headerGetString(header, RPMTAG_NAME), ==, "hello");
    /* from the signature header: what rpm -qi prints */
    g_assert_true(headerIsEntry(header, RPMTAG_SIGSIZE) || headerIsEntry(header, RPMTAG_SIGMD5));
    headerFree(header);
}

static void test_read(SupportStore *fixture, const void *payload)
{
    g_autoptr(GError) error = NULL;
    g_auto(PackagesContents) contents = {0};
    make_package(fixture, payload);
    g_assert_true(read_package(fixture, "out/hello.rpm", NULL, &contents, &error));
    g_assert_no_error(error);
    check_text(fixture, contents.root, "usr/bin/hello", 04755, "prog\n");
    check_text(fixture, contents.root, "usr/bin/hello2", 04755, "prog\n");
    check_text(fixture, contents.root, "usr/bin/none", 0644, "");
    check_text(fixture, contents.root, "etc/hello.conf", 0644, "conf\n");
    g_assert_cmpstr(store_node_find(contents.root, "usr/bin/hi")->target, ==, "hello");
    g_assert_cmpuint(store_node_find(contents.root, "usr/bin/large")->size_bytes, ==, 3000000);
    g_assert_cmpuint(store_node_find(contents.root, "var/log")->meta.mode, ==, S_IFDIR | 0700);
    g_assert_null(store_node_find(contents.root, "var/log/hello.log"));
    check_capability(store_node_find(contents.root, "usr/bin/ping"));
    check_header(contents.header);
    g_autofree char *path = g_build_filename(fixture->dir, "out/hello.rpm", NULL);
    base_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autofree char *sha256 = base_sha256_hex_of_fd(fd, &error);
    g_assert_cmpstr(contents.sha256, ==, sha256);
}

static void test_truncated(SupportStore *fixture, const void *data)
{
    (void)data;
    make_package(fixture, "w6.xzdio");
    g_autofree char *path = g_build_filename(fixture->dir, "out/hello.rpm", NULL);
    g_autofree char *whole = NULL;
    gsize size_bytes = 0;
    g_assert_true(g_file_get_contents(path, &whole, &size_bytes, NULL));
    g_autofree char *cut_path = g_build_filename(fixture->dir, "cut.rpm", NULL);
    for (gsize cut = 0; cut < size_bytes - 16; cut += 53) {
        g_autoptr(GError) error = NULL;
        g_auto(PackagesContents) contents = {0};
        g_assert_true(g_file_set_contents(cut_path, whole, (gssize)cut, NULL));
        g_assert_false(read_package(fixture, "cut.rpm", NULL, &contents, &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
    }
}

static GBytes *load_key(const SupportStore *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) armoured = base_fd_read_file(AT_FDCWD, path, 1 << 20, &error);
    g_assert_no_error(error);
    return packages_signature_dearmor(armoured);
}

static void check_refused(const SupportStore *fixture, const char *name, const char *key,
                          const char *message)
{
    g_autoptr(GError) error = NULL;
    g_auto(PackagesContents) contents = {0};
    g_autoptr(GBytes) keys = load_key(fixture, key);
    g_assert_false(read_package(fixture, name, keys, &contents, &error));
    g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_SIGNATURE);
    g_assert_nonnull(strstr(error->message, message));
}

static void test_signature(SupportStore *fixture, const void *data)
{
    (void)data;
    make_package(fixture, "w6.gzdio");
    run(fixture,
        "export GNUPGHOME=$PWD/gpg; mkdir -m 700 gpg\n"
        "make() { gpg --batch --quiet --passphrase '' --quick-gen-key $1@example.org rsa2048 "
        "sign $2; gpg --armor --export $1@example.org > $1.asc\n"
        "cp out/hello.rpm $1.rpm; rpmsign --addsign --define '__gpg /usr/bin/gpg' --define "
        "\"_gpg_name $1@example.org\" $1.rpm; "
        "}\n"
        "make good never\nmake other never\n"
        "gpg --batch --quiet --faked-system-time 20200101T000000 --passphrase '' "
        "--quick-gen-key old@example.org rsa2048 sign 2d\n"
        "gpg --armor --export old@example.org > old.asc\ncp out/hello.rpm old.rpm\n"
        "rpmsign --addsign --define '__gpg /usr/bin/gpg' --define '_gpg_name old@example.org' "
        "--define "
        "'_gpg_sign_cmd_extra_args --faked-system-time 20200101T100000' old.rpm\n"
        "gpgconf --kill all\n");
    g_autoptr(GError) error = NULL;
    g_auto(PackagesContents) contents = {0};
    g_autoptr(GBytes) keys = load_key(fixture, "good.asc");
    g_assert_true(read_package(fixture, "good.rpm", keys, &contents, &error));
    g_assert_no_error(error);
    check_refused(fixture, "good.rpm", "other.asc", "no key of its repository's ‘gpgkeys’");
    check_refused(fixture, "out/hello.rpm", "good.asc", "its header is not signed");
    check_refused(fixture, "old.rpm", "old.asc", "old@example.org), has expired on 2020-01-03");
    /* the header's summary: signed, and changed */
    run(fixture, "sed -i 's/says hello/says hullo/' good.rpm");
    check_refused(fixture, "good.rpm", "good.asc", "its header is damaged or its signature is bad");
}

static void test_other(SupportStore *fixture, const void *data)
{
    (void)data;
    make_package(fixture, "w6.gzdio");
    run(fixture, "sed -i 's/^Release: 3/Release: 4/' hello.spec; rm -r out\n"
                 "rpmbuild -bb --quiet --target noarch --define \"_topdir $PWD/top\" "
                 "--define \"_rpmdir $PWD/out\" --define '_rpmfilename hello.rpm' hello.spec");
    g_autoptr(GError) error = NULL;
    g_auto(PackagesContents) contents = {0};
    g_assert_false(read_package(fixture, "out/hello.rpm", NULL, &contents, &error));
    g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "it says that it is ‘hello’ 2:1.0~rc1-4 for noarch"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rpm/read/gzip", SupportStore, "w6.gzdio", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/rpm/read/xz", SupportStore, "w2.xzdio", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/rpm/read/zstd", SupportStore, "w3.zstdio", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/rpm/read/bzip2", SupportStore, "w6.bzdio", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/rpm/read/none", SupportStore, "w.ufdio", support_store_set_up, test_read,
               support_store_tear_down);
    g_test_add("/rpm/truncated", SupportStore, NULL, support_store_set_up, test_truncated,
               support_store_tear_down);
    g_test_add("/rpm/signature", SupportStore, NULL, support_store_set_up, test_signature,
               support_store_tear_down);
    g_test_add("/rpm/other", SupportStore, NULL, support_store_set_up, test_other,
               support_store_tear_down);
    return g_test_run();
}
