/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Small repositories, signed by throwaway keys of the real gpg: what is taken, what is refused
 * and why. The verifier is the real gpgv.
 */
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "packages/metadata.h"
#include "packages/release.h"
#include "packages/signature.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PACKAGES_TEXT "Package: a\nVersion: 1\nArchitecture: all\nFilename: a.deb\n\n"

typedef struct {
    char *home;
    char *good_key;
    char *armoured_key;
    char *other_key;
} Keys;

static Keys keys;

static void run(const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    BaseRun child = {.argv = argv, .what = argv[0]};
    g_assert_true(base_run(&child, NULL, NULL, &error));
    g_assert_no_error(error);
}

static void make_key(const char *user, const char *path, const char *armour)
{
    const char *const make[] = {
        "gpg", "--homedir", keys.home, "--batch", "--quiet", "--passphrase", "", "--quick-gen-key",
        user,  "ed25519",   "sign",    "never",   NULL};
    const char *const print[] = {"gpg", "--homedir", keys.home,  "--batch", "--output",
                                 path,  armour,      "--export", user,      NULL};
    if (armour[2] != 'a')
        run(make);
    run(print);
}

static void make_keys(void)
{
    keys.home = g_dir_make_tmp("gpg-XXXXXX", NULL);
    keys.good_key = g_build_filename(keys.home, "good.gpg", NULL);
    keys.armoured_key = g_build_filename(keys.home, "good.asc", NULL);
    keys.other_key = g_build_filename(keys.home, "other.gpg", NULL);
    make_key("good", keys.good_key, "--no-armor");
    make_key("good", keys.armoured_key, "--armor");
    make_key("other", keys.other_key, "--no-armor");
}

static void remove_keys(void)
{
    g_autoptr(GError) error = NULL;
    const char *const stop[] = {"gpgconf", "--homedir", keys.home, "--kill", "all", NULL};
    run(stop);
    g_assert_true(base_fd_remove_tree(AT_FDCWD, keys.home, &error));
    g_free(keys.home);
    g_free(keys.good_key);
    g_free(keys.armoured_key);
    g_free(keys.other_key);
}

/* --- a repository --- */

typedef struct {
    char *directory;
    char *suite_dir;
    char *release;
    char *cache_dir;
    PackagesSource source;
    char *components[2];
    char *keyrings[2];
} Fixture;

static void put(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void drop(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void put_release(Fixture *self, const char *fields)
{
    g_autofree char *digest = base_sha256_hex(PACKAGES_TEXT, strlen(PACKAGES_TEXT));
    g_autofree char *text =
        g_strdup_printf("Origin: test\n%sSHA256:\n %s %zu main/binary-amd64/Packages\n", fields,
                        digest, strlen(PACKAGES_TEXT));
    put(self->suite_dir, "Release", text);
}

static void sign(Fixture *self, const char *user, const char *how, const char *name)
{
    g_autofree char *path = g_build_filename(self->suite_dir, name, NULL);
    const char *const argv[] = {"gpg",     "--homedir",    keys.home, "--batch",  "--yes",
                                "--armor", "--local-user", user,      "--output", path,
                                how,       self->release,  NULL};
    run(argv);
}

static void fixture_init(Fixture *self, const char *fields)
{
    *self = (Fixture){.directory = g_dir_make_tmp("atoll-repo-XXXXXX", NULL)};
    self->suite_dir = g_build_filename(self->directory, "repo/dists/stable", NULL);
    self->release = g_build_filename(self->suite_dir, "Release", NULL);
    self->cache_dir = g_build_filename(self->directory, "cache", NULL);
    self->components[0] = g_strdup("main");
    self->keyrings[0] = g_strdup(keys.good_key);
    self->source.repo_id = g_strdup("test");
    self->source.url = g_strdup_printf("file://%s/repo", self->directory);
    self->source.suite = g_strdup("stable");
    self->source.components = self->components;
    self->source.keyrings = self->keyrings;
    self->source.origin = g_strdup("m.yaml:3");
    put(self->suite_dir, "main/binary-amd64/Packages", PACKAGES_TEXT);
    put_release(self, fields);
}

static void fixture_clear(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(base_fd_remove_tree(AT_FDCWD, self->directory, &error));
    g_free(self->directory);
    g_free(self->suite_dir);
    g_free(self->release);
    g_free(self->cache_dir);
    g_free(self->components[0]);
    g_free(self->keyrings[0]);
    g_free(self->source.repo_id);
    g_free(self->source.url);
    g_free(self->source.suite);
    g_free(self->source.origin);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static GPtrArray *refresh(Fixture *self, GError **error)
{
    g_autoptr(GPtrArray) sources = g_ptr_array_new();
    g_ptr_array_add(sources, &self->source);
    return packages_metadata_refresh(sources, self->cache_dir, "amd64", NULL, NULL, error);
}

static void assert_taken(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) indexes = refresh(self, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(indexes->len, ==, 1);
    const PackagesIndex *index = g_ptr_array_index(indexes, 0);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(index->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, PACKAGES_TEXT);
    g_assert_true(index->source == &self->source);
}

static void assert_refused(Fixture *self, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) indexes = refresh(self, &error);
    g_assert_null(indexes);
    g_assert_error(error, PACKAGES_ERROR, code);
    if (strstr(error->message, message) == NULL)
        g_error("wanted ‘%s’ in ‘%s’", message, error->message);
}

static char *read_inrelease(Fixture *self)
{
    g_autofree char *path = g_build_filename(self->suite_dir, "InRelease", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_steal_pointer(&text);
}

static void test_signed(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    drop(fixture.suite_dir, "Release");
    assert_taken(&fixture);
    /* The index is in the cache now, and is not asked for again. */
    drop(fixture.suite_dir, "main/binary-amd64/Packages");
    assert_taken(&fixture);
    g_free(fixture.keyrings[0]);
    fixture.keyrings[0] = g_strdup(keys.armoured_key);
    assert_taken(&fixture);
    g_autofree char *key = NULL;
    g_assert_true(g_file_get_contents(keys.armoured_key, &key, NULL, NULL));
    char *none[] = {NULL};
    fixture.source.keyrings = none;
    fixture.source.inline_key = key;
    assert_taken(&fixture);
}

static void test_detached(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Codename: stable\n");
    sign(&fixture, "good", "--detach-sign", "Release.gpg");
    assert_taken(&fixture);
    put_release(&fixture, "Codename: stable\nLabel: changed\n");
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "its signature is bad");
}

static void test_one_of_two_keys(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    g_autofree char *path = g_build_filename(fixture.suite_dir, "InRelease", NULL);
    const char *const argv[] = {
        "gpg",          "--homedir", keys.home,  "--batch", "--armor",     "--local-user",  "other",
        "--local-user", "good",      "--output", path,      "--clearsign", fixture.release, NULL};
    run(argv);
    assert_taken(&fixture);
}

static void test_wrong_key(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    sign(&fixture, "other", "--clearsign", "InRelease");
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "which is not in the keyring");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) indexes = refresh(&fixture, &error);
    g_assert_true(g_str_has_prefix(error->message, "m.yaml:3: suite ‘stable’ of ‘file:///"));
}

static void test_fingerprint(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    char wanted[] = "0123456789012345678901234567890123456789";
    char *fingerprints[] = {wanted, NULL};
    fixture.source.fingerprints = fingerprints;
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "that Signed-By does not name");
}

static void test_tampered(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    g_autofree char *text = read_inrelease(&fixture);

    g_autofree char *before = g_strconcat("Suite: stable\n\n", text, NULL);
    put(fixture.suite_dir, "InRelease", before);
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "text outside of its OpenPGP signature");
    g_autofree char *after = g_strconcat(text, "Suite: stable\n", NULL);
    put(fixture.suite_dir, "InRelease", after);
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "text outside of its OpenPGP signature");
    g_autofree char *twice = g_strconcat(text, text, NULL);
    put(fixture.suite_dir, "InRelease", twice);
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "not one OpenPGP signed text");
    g_autofree char *cut = g_strndup(text, strlen(text) - 40);
    put(fixture.suite_dir, "InRelease", cut);
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "cut short");
    char *origin = strstr(text, "test");
    g_assert_nonnull(origin);
    origin[0] = 'b';
    put(fixture.suite_dir, "InRelease", text);
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "its signature is bad");
    put(fixture.suite_dir, "InRelease", "");
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "no OpenPGP text");
}

static void test_tampered_packages(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    g_autofree char *text = g_strdup(PACKAGES_TEXT);
    text[9] = 'b';
    put(fixture.suite_dir, "main/binary-amd64/Packages", text);
    assert_refused(&fixture, PACKAGES_ERROR_DIGEST, "its SHA-256 is");
    put(fixture.suite_dir, "main/binary-amd64/Packages", PACKAGES_TEXT "\n");
    assert_refused(&fixture, PACKAGES_ERROR_DIGEST, "it is longer than");
}

static void test_expired(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\nValid-Until: Sat, 11 Jul 2020 10:16:37 UTC\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    assert_refused(&fixture, PACKAGES_ERROR_INVALID, "it expired on Sat, 11 Jul 2020");
    fixture.source.ignore_expiry = true;
    assert_taken(&fixture);
}

static void test_by_hash(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\nAcquire-By-Hash: yes\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    g_autofree char *digest = base_sha256_hex(PACKAGES_TEXT, strlen(PACKAGES_TEXT));
    g_autofree char *name = g_strconcat("main/binary-amd64/by-hash/SHA256/", digest, NULL);
    drop(fixture.suite_dir, "main/binary-amd64/Packages");
    put(fixture.suite_dir, name, PACKAGES_TEXT);
    assert_taken(&fixture);
}

static void test_wrong_suite(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: oldstable\nCodename: old\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    assert_refused(&fixture, PACKAGES_ERROR_INVALID,
                   "wanted suite ‘stable’, the repository says it is ‘old’");
}

static void test_wrong_component(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    sign(&fixture, "good", "--clearsign", "InRelease");
    g_free(fixture.components[0]);
    fixture.components[0] = g_strdup("contrib");
    assert_refused(&fixture, PACKAGES_ERROR_INVALID, "it has no component ‘contrib’ for amd64");
}

static void test_unsigned(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "it is not signed; say ‘trusted: true’");
    fixture.source.trusted = true;
    assert_taken(&fixture);
    drop(fixture.suite_dir, "Release");
    assert_refused(&fixture, PACKAGES_ERROR_INVALID, "it has neither InRelease nor Release");
    fixture.source.trusted = false;
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "it has neither InRelease nor Release");
}

static void test_flat(void)
{
    g_auto(Fixture) fixture;
    fixture_init(&fixture, "Suite: stable\n");
    char *none[] = {NULL};
    g_autofree char *repo = g_build_filename(fixture.directory, "repo", NULL);
    put(repo, "sub/Packages", PACKAGES_TEXT);
    g_free(fixture.source.suite);
    fixture.source.suite = g_strdup("./sub/");
    fixture.source.components = none;
    assert_refused(&fixture, PACKAGES_ERROR_SIGNATURE, "it has neither InRelease nor Release");
    fixture.source.trusted = true;
    assert_taken(&fixture);
}

static void test_release(void)
{
    static const char *const bad[] = {
        "",
        "Suite: a\n",
        "Suite: a\nValid-Until: tomorrow\nSHA256:\n",
        "Suite: a\nValid-Until: Sat, 11 Jly 2020 10:16:37 UTC\nSHA256:\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = g_bytes_new_static(bad[i], strlen(bad[i]));
        g_assert_null(packages_release_parse(bytes, &error));
        g_assert_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID);
    }
    static const char text[] = "Valid-Until: Thu, 01 Jan 1970 00:01:00 UTC\nSHA256:\n short 1 a\n "
                               "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
                               "  12 ./b\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    g_autoptr(PackagesRelease) release = packages_release_parse(bytes, &error);
    g_assert_no_error(error);
    PackagesReleaseEntry entry;
    g_assert_false(packages_release_find(release, "a", &entry));
    g_assert_true(packages_release_find(release, "b", &entry));
    g_assert_cmpuint(entry.size_bytes, ==, 12);
    g_assert_true(g_str_has_prefix(entry.sha256, "00112233445566778899aabb"));
    g_assert_true(packages_release_check_expiry(release, 60, &error));
    g_assert_false(packages_release_check_expiry(release, 61, &error));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packages/metadata/signed", test_signed);
    g_test_add_func("/packages/metadata/detached", test_detached);
    g_test_add_func("/packages/metadata/one-of-two-keys", test_one_of_two_keys);
    g_test_add_func("/packages/metadata/wrong-key", test_wrong_key);
    g_test_add_func("/packages/metadata/fingerprint", test_fingerprint);
    g_test_add_func("/packages/metadata/tampered", test_tampered);
    g_test_add_func("/packages/metadata/tampered-packages", test_tampered_packages);
    g_test_add_func("/packages/metadata/expired", test_expired);
    g_test_add_func("/packages/metadata/by-hash", test_by_hash);
    g_test_add_func("/packages/metadata/wrong-suite", test_wrong_suite);
    g_test_add_func("/packages/metadata/wrong-component", test_wrong_component);
    g_test_add_func("/packages/metadata/unsigned", test_unsigned);
    g_test_add_func("/packages/metadata/flat", test_flat);
    g_test_add_func("/packages/metadata/release", test_release);
    make_keys();
    int status = g_test_run();
    remove_keys();
    return status;
}
