/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signatures of a commit against trusted and revoked keys.
 */
#include "host/verify.h"

#include <string.h>

static GBytes *public_key(uint8_t number)
{
    uint8_t seed[BASE_ED25519_SEED_BYTES], key[BASE_ED25519_PUBLIC_BYTES];
    memset(seed, number, sizeof seed);
    g_assert_true(base_ed25519_public(seed, key, NULL));
    return g_bytes_new(key, sizeof key);
}

static GVariant *sign(GVariant *commit, const uint8_t *numbers, size_t n)
{
    GVariantBuilder signatures;
    g_variant_builder_init(&signatures, G_VARIANT_TYPE("aay"));
    for (size_t i = 0; i < n; i++) {
        uint8_t seed[BASE_ED25519_SEED_BYTES], signature[BASE_ED25519_SIGNATURE_BYTES];
        memset(seed, numbers[i], sizeof seed);
        g_assert_true(base_ed25519_sign(seed, g_variant_get_data(commit),
                                        g_variant_get_size(commit), signature, NULL));
        g_variant_builder_add_value(
            &signatures,
            g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, signature, sizeof signature, 1));
    }
    GVariantDict dict;
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert_value(&dict, "ostree.sign.ed25519", g_variant_builder_end(&signatures));
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static const struct {
    const char *name;
    uint8_t trusted[3], revoked[3], signers[3]; /* ended by 0 */
    HostSignature want;
} cases[] = {
    {"good", {1}, {0}, {1}, HOST_SIGNATURE_GOOD},
    {"second signature", {1}, {0}, {2, 1}, HOST_SIGNATURE_GOOD},
    {"second key", {1, 2}, {0}, {2}, HOST_SIGNATURE_GOOD},
    {"none", {1}, {0}, {0}, HOST_SIGNATURE_NONE},
    {"stranger", {1}, {0}, {2}, HOST_SIGNATURE_UNTRUSTED},
    {"revoked", {1, 2}, {2}, {2}, HOST_SIGNATURE_REVOKED},
    {"revoked, never trusted", {1}, {2}, {2}, HOST_SIGNATURE_REVOKED},
    {"revoked beside a good one", {1, 2}, {2}, {2, 1}, HOST_SIGNATURE_GOOD},
    {"no keys", {0}, {0}, {1}, HOST_SIGNATURE_NO_KEYS},
};

static void add_keys(GPtrArray *keys, const uint8_t *numbers)
{
    for (; *numbers != 0; numbers++)
        g_ptr_array_add(keys, public_key(*numbers));
}

static void test_cases(void)
{
    g_autoptr(GVariant) commit = g_variant_ref_sink(g_variant_new_string("a commit"));
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].name);
        g_autoptr(HostKeys) keys = host_keys_new();
        add_keys(keys->trusted, cases[i].trusted);
        add_keys(keys->revoked, cases[i].revoked);
        size_t n = strnlen((const char *)cases[i].signers, sizeof cases[i].signers);
        g_autoptr(GVariant) detached = sign(commit, cases[i].signers, n);
        g_autofree char *key = NULL;
        g_assert_cmpstr(host_signature_name(host_verify_commit(keys, commit, detached, &key)), ==,
                        host_signature_name(cases[i].want));
        g_assert_cmpint(key != NULL, ==, cases[i].want == HOST_SIGNATURE_GOOD);
    }
}

static void test_malformed(void)
{
    static const char *const texts[] = {
        "{'ostree.sign.ed25519': <[b'short', b'']>}",
        "{'ostree.sign.ed25519': <@aay []>}",
        "{'ostree.sign.ed25519': <'text'>}",
        "{'other': <[b'x']>}",
        "@a{sv} {}",
    };
    g_autoptr(GVariant) commit = g_variant_ref_sink(g_variant_new_string("a commit"));
    g_autoptr(HostKeys) keys = host_keys_new();
    g_ptr_array_add(keys->trusted, public_key(1));
    g_assert_cmpint(host_verify_commit(keys, commit, NULL, NULL), ==, HOST_SIGNATURE_NONE);
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GVariant) detached = g_variant_parse(NULL, texts[i], NULL, NULL, NULL);
        g_assert_nonnull(detached);
        g_assert_cmpint(host_verify_commit(keys, commit, detached, NULL), !=, HOST_SIGNATURE_GOOD);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/verify/cases", test_cases);
    g_test_add_func("/host/verify/malformed", test_malformed);
    return g_test_run();
}
