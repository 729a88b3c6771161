/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signs a commit with a made-up key: sign-commit REPO COMMIT SEED, SEED being the number that
 * all 32 bytes of the private key have. Prints the public key, as key files want it; with
 * "-" for REPO and COMMIT it does only that.
 */
#include "store/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool sign(const char *path, const char *commit, const StoreKey *key, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(OstreeRepo) repo = ostree_repo_new(file);
    return ostree_repo_open(repo, NULL, error) && store_sign_commit(repo, commit, key, NULL, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    StoreKey key;
    if (argc != 4)
        return 2;
    memset(key.seed, atoi(argv[3]), sizeof key.seed);
    if (!base_ed25519_public(key.seed, key.public_key, &error) ||
        (strcmp(argv[1], "-") != 0 && !sign(argv[1], argv[2], &key, &error))) {
        fprintf(stderr, "sign-commit: %s\n", error->message);
        return 1;
    }
    g_autofree char *text = store_key_public_text(&key);
    printf("%s", text);
    return 0;
}
