/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision sign
 */
#include "cmd/provision/commands.h"
#include "cmd/provision/input.h"

#include "base/ed25519.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_provision_sign_options[] = {
    {.name = "key", .letter = 'k', .metavar = "FILE", .help = "the secret key: base64, ed25519"},
    {.name = "new-key",
     .metavar = "FILE",
     .help = "make a key first: FILE gets the secret, FILE.pub what goes into images"},
    {.name = "output",
     .letter = 'o',
     .metavar = "FILE",
     .help = "write there, not to the terminal"},
    {0},
};

static bool make_key(const char *path, GError **error)
{
    uint8_t pair[BASE_ED25519_SEED_BYTES + BASE_ED25519_PUBLIC_BYTES];
    g_autofree char *public_path = g_strconcat(path, ".pub", NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return base_error_set(error, BASE_ERROR_FAILED, "‘%s’ exists", path);
    if (!base_ed25519_generate(pair, pair + BASE_ED25519_SEED_BYTES, error))
        return false;
    g_autofree char *secret = g_base64_encode(pair, sizeof pair);
    g_autofree char *public =
        g_base64_encode(pair + BASE_ED25519_SEED_BYTES, BASE_ED25519_PUBLIC_BYTES);
    g_autofree char *secret_line = g_strconcat(secret, "\n", NULL);
    g_autofree char *public_line = g_strconcat(public, "\n", NULL);
    explicit_bzero(pair, sizeof pair);
    return g_file_set_contents_full(path, secret_line, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                    error) &&
           g_file_set_contents_full(public_path, public_line, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                    0644, error);
}

CmdExit cmd_provision_sign_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *key = cmd_args_string(args, "key");
    const char *new_key = cmd_args_string(args, "new-key");
    const char *output = cmd_args_string(args, "output");
    const char *path = cmd_args_operands(args)[0];
    (void)cancellable;
    if ((key == NULL) == (new_key == NULL)) {
        base_error_set(error, BASE_ERROR_FAILED, "one of --key and --new-key is wanted");
        return CMD_EXIT_FAILED;
    }
    if (new_key != NULL && !make_key(new_key, error))
        return CMD_EXIT_FAILED;
    g_autofree char *secret = NULL;
    g_autoptr(GBytes) bytes = cmd_provision_read_file(path, error);
    if (bytes == NULL || !g_file_get_contents(key != NULL ? key : new_key, &secret, NULL, error))
        return CMD_EXIT_FAILED;
    g_autoptr(GBytes) result = provision_trust_sign(bytes, g_strstrip(secret), error);
    explicit_bzero(secret, strlen(secret));
    if (result == NULL)
        return CMD_EXIT_FAILED;
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(result, &size_bytes);
    if (output != NULL)
        return g_file_set_contents(output, text, (gssize)size_bytes, error) ? CMD_EXIT_DONE
                                                                            : CMD_EXIT_FAILED;
    return fwrite(text, 1, size_bytes, stdout) == size_bytes ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
