/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Holds a commit's ed25519 signatures against the image's keys, in OSTree's format. libostree
 * has this too, but not in every build.
 */
#include "host/verify.h"

/* More than any honest publisher adds; a bound for the time that checking takes. */
#define MAX_SIGNATURES 64

const char *host_signature_name(HostSignature self)
{
    static const char *const names[] = {
        [HOST_SIGNATURE_GOOD] = "good",           [HOST_SIGNATURE_NONE] = "none",
        [HOST_SIGNATURE_UNTRUSTED] = "untrusted", [HOST_SIGNATURE_REVOKED] = "revoked",
        [HOST_SIGNATURE_NO_KEYS] = "no-keys",
    };
    return names[self];
}

static GBytes *find_signer(const GPtrArray *keys, const GPtrArray *except, GVariant *commit,
                           GVariant *signatures)
{
    size_t n_signatures = MIN(g_variant_n_children(signatures), MAX_SIGNATURES);
    for (size_t s = 0; s < n_signatures; s++) {
        g_autoptr(GVariant) signature = g_variant_get_child_value(signatures, s);
        if (g_variant_get_size(signature) != BASE_ED25519_SIGNATURE_BYTES)
            continue;
        for (unsigned k = 0; k < keys->len; k++) {
            GBytes *key = keys->pdata[k];
            if (except != NULL && host_keys_contains(except, key))
                continue;
            if (base_ed25519_verify(g_bytes_get_data(key, NULL), g_variant_get_data(commit),
                                    g_variant_get_size(commit), g_variant_get_data(signature)))
                return key;
        }
    }
    return NULL;
}

HostSignature host_verify_commit(const HostKeys *keys, GVariant *commit, GVariant *detached,
                                 char **out_key)
{
    g_autoptr(GVariant) signatures =
        detached != NULL
            ? g_variant_lookup_value(detached, "ostree.sign.ed25519", G_VARIANT_TYPE("aay"))
            : NULL;
    if (signatures == NULL || g_variant_n_children(signatures) == 0)
        return HOST_SIGNATURE_NONE;
    if (keys->trusted->len == 0)
        return HOST_SIGNATURE_NO_KEYS;
    GBytes *signer = find_signer(keys->trusted, keys->revoked, commit, signatures);
    if (signer == NULL)
        return find_signer(keys->revoked, NULL, commit, signatures) != NULL
                   ? HOST_SIGNATURE_REVOKED
                   : HOST_SIGNATURE_UNTRUSTED;
    if (out_key != NULL)
        *out_key = g_base64_encode(g_bytes_get_data(signer, NULL), g_bytes_get_size(signer));
    return HOST_SIGNATURE_GOOD;
}
