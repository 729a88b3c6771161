/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Provenance that is signed, and what must not pass for it; package addresses; os-release.
 */
#include "tree/provenance.h"
#include "tree/sbom.h"
#include "tree/verify-account.h"

#include <string.h>

#define COMMIT "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
#define OTHER "4df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"

static char *sign(const StoreKey *key)
{
    static TreeOsRelease os;
    g_autoptr(GPtrArray) imported = g_ptr_array_new();
    TreeProvenance provenance = {.ref = "a \"quoted\" ref",
                                 .version = "1",
                                 .commit = COMMIT,
                                 .timestamp_s = 1700000000,
                                 .manifest = "{\"packages\":[]}",
                                 .inputs = "0",
                                 .sbom_sha256 = "0",
                                 .os = &os,
                                 .imported = imported};
    g_autoptr(GError) error = NULL;
    char *envelope = tree_provenance_sign(&provenance, key, &error);
    g_assert_no_error(error);
    return envelope;
}

static GPtrArray *trust(const StoreKey *key)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(keys, g_bytes_new(key->public_key, BASE_ED25519_PUBLIC_BYTES));
    return keys;
}

static StoreKey new_key(void)
{
    StoreKey key = {0};
    g_assert_true(base_ed25519_generate(key.seed, key.public_key, NULL));
    return key;
}

static void assert_refused(const char *envelope, GPtrArray *keys, const char *commit)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(tree_provenance_open(envelope, strlen(envelope), keys, commit, &error));
    g_assert_error(error, TREE_ERROR, TREE_ERROR_SIGNATURE);
}

static void test_signed(void)
{
    StoreKey key = new_key(), other = new_key();
    g_autofree char *envelope = sign(&key);
    g_autoptr(GPtrArray) keys = trust(&key);
    g_autoptr(GPtrArray) others = trust(&other);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) statement =
        tree_provenance_open(envelope, strlen(envelope), keys, COMMIT, &error);
    g_assert_no_error(error);
    g_assert_nonnull(g_strstr_len(g_bytes_get_data(statement, NULL),
                                  (gssize)g_bytes_get_size(statement), "a \\\"quoted\\\" ref"));
    assert_refused(envelope, others, COMMIT);
    assert_refused(envelope, keys, OTHER);
}

/* Another payload under the same signature, in an envelope that is well-formed. */
static void test_tampered(void)
{
    StoreKey key = new_key();
    g_autofree char *envelope = sign(&key);
    g_autoptr(GPtrArray) keys = trust(&key);
    const char *start = strstr(envelope, "\"payload\":\"") + strlen("\"payload\":\"");
    const char *end = strchr(start, '"');
    g_autofree char *text = g_strndup(start, (size_t)(end - start));
    size_t n = 0;
    g_autofree uint8_t *payload = g_base64_decode(text, &n);
    char *at = g_strstr_len((char *)payload, (gssize)n, COMMIT);
    g_assert_nonnull(at);
    *at = '4';
    g_autofree char *changed = g_base64_encode(payload, n);
    g_autofree char *tampered =
        g_strdup_printf("%.*s%s%s", (int)(start - envelope), envelope, changed, end);
    assert_refused(tampered, keys, OTHER);
    assert_refused(tampered, keys, NULL);
}

static void test_malformed(void)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    static const char *const cases[] = {
        "", "{}", "[]", "null", "{\"payloadType\":1,\"payload\":[],\"signatures\":{}}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(tree_provenance_open(cases[i], strlen(cases[i]), none, NULL, &error));
        g_assert_nonnull(error);
    }
}

static void test_keys(void)
{
    static const char good[] = "# ours\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n";
    g_autoptr(GPtrArray) keys = tree_verify_account_keys(good, strlen(good), NULL);
    g_assert_cmpuint(keys->len, ==, 1);
    static const char *const bad[] = {"", "# nothing\n", "AAAA\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(tree_verify_account_keys(bad[i], strlen(bad[i]), NULL));
}

static void test_purl(void)
{
    static const struct {
        const char *format, *name, *version, *arch, *source, *source_version, *purl;
    } cases[] = {
        {"deb", "libstdc++6", "12.2.0-14+deb12u1", "amd64", "gcc-12", "12.2.0-14+deb12u1",
         "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12"
         "&upstream=gcc-12"},
        {"deb", "gcc", "4:12.2.0-3", "amd64", "gcc-defaults", "1.203",
         "pkg:deb/debian/gcc@4:12.2.0-3?arch=amd64&distro=debian-12"
         "&upstream=gcc-defaults%401.203"},
        {"deb", "bash", "5.2", "amd64", "bash", "5.2",
         "pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12"},
        {"rpm", "bash", "1:5.2-1.fc40", "x86_64", "bash", "1:5.2-1.fc40",
         "pkg:rpm/debian/bash@5.2-1.fc40?arch=x86_64&distro=debian-12&epoch=1"},
    };
    g_auto(TreeOsRelease) os = {0};
    static const char text[] = "ID=debian\nVERSION_ID=\"12\"\nBROKEN=\"\nVERSION_CODENAME=bookworm";
    tree_os_release_parse(&os, text, strlen(text));
    g_assert_cmpstr(os.codename, ==, "bookworm");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PackagesPackage package = {.format = packages_format_find(cases[i].format),
                                   .name = (char *)(uintptr_t)cases[i].name,
                                   .version = (char *)(uintptr_t)cases[i].version,
                                   .arch = (char *)(uintptr_t)cases[i].arch,
                                   .source = (char *)(uintptr_t)cases[i].source};
        g_autofree char *purl = tree_sbom_purl(&package, cases[i].source_version, &os);
        g_assert_cmpstr(purl, ==, cases[i].purl);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/provenance/signed", test_signed);
    g_test_add_func("/provenance/tampered", test_tampered);
    g_test_add_func("/provenance/malformed", test_malformed);
    g_test_add_func("/provenance/keys", test_keys);
    g_test_add_func("/provenance/purl", test_purl);
    return g_test_run();
}
