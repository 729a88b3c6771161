/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The signing key of a state directory and OSTree's ed25519 signatures.
 */
#include "store/sign.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE "keys/signing.ed25519"
#define KEY_FILE_MAX_BYTES 4096

char *store_key_public_text(const StoreKey *key)
{
    g_autofree char *text = g_base64_encode(key->public_key, sizeof key->public_key);
    return g_strconcat(text, "\n", NULL);
}

static bool make_key(int dir_fd, StoreKey *out_key, GError **error)
{
    StoreKey key = {0};
    if (!base_fd_make_dirs(dir_fd, "keys", 0700, error) ||
        !base_ed25519_generate(key.seed, key.public_key, error))
        return false;
    uint8_t joined[BASE_ED25519_SEED_BYTES + BASE_ED25519_PUBLIC_BYTES];
    memcpy(joined, key.seed, sizeof key.seed);
    memcpy(joined + sizeof key.seed, key.public_key, sizeof key.public_key);
    g_autofree char *text = g_base64_encode(joined, sizeof joined);
    g_autofree char *public_text = store_key_public_text(&key);
    bool ok = base_fd_replace_file(dir_fd, KEY_FILE ".pub", public_text, strlen(public_text), 0644,
                                   BASE_FD_REPLACE_DEFAULT, error) &&
              base_fd_replace_file(dir_fd, KEY_FILE, text, strlen(text), 0600,
                                   BASE_FD_REPLACE_DEFAULT, error);
    explicit_bzero(joined, sizeof joined);
    explicit_bzero(text, strlen(text));
    if (ok)
        *out_key = key;
    explicit_bzero(&key, sizeof key);
    return ok;
}

bool store_key_load(const char *state_dir, StoreKey *out_key, GError **error)
{
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, state_dir, error);
    if (dir_fd < 0)
        return false;
    if (faccessat(dir_fd, KEY_FILE, F_OK, 0) != 0 && errno == ENOENT)
        return make_key(dir_fd, out_key, error);
    g_autoptr(GBytes) text = base_fd_read_file(dir_fd, KEY_FILE, KEY_FILE_MAX_BYTES, error);
    if (text == NULL)
        return false;
    size_t size_bytes = 0;
    g_autofree uint8_t *joined = g_base64_decode(g_bytes_get_data(text, NULL), &size_bytes);
    if (size_bytes != BASE_ED25519_SEED_BYTES + BASE_ED25519_PUBLIC_BYTES) {
        g_set_error(error, STORE_ERROR, STORE_ERROR_CORRUPT,
                    "‘%s/" KEY_FILE "’ is no ed25519 key: want base64 of 64 bytes, got %zu",
                    state_dir, size_bytes);
        return false;
    }
    memcpy(out_key->seed, joined, BASE_ED25519_SEED_BYTES);
    memcpy(out_key->public_key, joined + BASE_ED25519_SEED_BYTES, BASE_ED25519_PUBLIC_BYTES);
    explicit_bzero(joined, size_bytes);
    return true;
}

bool store_sign_commit(OstreeRepo *repo, const char *commit, const StoreKey *key,
                       GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) object = NULL;
    if (!ostree_repo_load_variant(repo, OSTREE_OBJECT_TYPE_COMMIT, commit, &object, error))
        return false;
    uint8_t signature[BASE_ED25519_SIGNATURE_BYTES];
    if (!base_ed25519_sign(key->seed, g_variant_get_data(object), g_variant_get_size(object),
                           signature, error))
        return false;
    g_autoptr(GVariant) old = NULL;
    if (!ostree_repo_read_commit_detached_metadata(repo, commit, &old, cancellable, error))
        return false;
    g_autoptr(GVariantDict) dict = g_variant_dict_new(old);
    g_autoptr(GVariant) signatures =
        g_variant_dict_lookup_value(dict, STORE_SIGN_METADATA_KEY, G_VARIANT_TYPE("aay"));
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aay"));
    for (size_t i = 0; signatures != NULL && i < g_variant_n_children(signatures); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(signatures, i);
        g_variant_builder_add_value(&builder, one);
    }
    g_variant_builder_add_value(
        &builder, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, signature, sizeof signature, 1));
    g_variant_dict_insert_value(dict, STORE_SIGN_METADATA_KEY, g_variant_builder_end(&builder));
    g_autoptr(GVariant) detached = g_variant_ref_sink(g_variant_dict_end(dict));
    return ostree_repo_write_commit_detached_metadata(repo, commit, detached, cancellable, error);
}
