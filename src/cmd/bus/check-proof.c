/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus check-proof: checks a proof without the log.
 */
#include "cmd/commands.h"

#include "bus/proof.h"
#include "bus/signed.h"
#include "cmd/bus/open.h"
#include "cmd/error.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_bus_check_proof_options[] = {
    {.name = "key", .metavar = "KEY", .help = "the public key: 64 hex digits, or a file with them"},
    {0},
};

static bool read_key(const char *text, uint8_t out_key[BASE_ED25519_PUBLIC_BYTES], GError **error)
{
    if (text == NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "--key is missing: a proof is worth what the key is (atoll bus key list)");
        return false;
    }
    if (bus_signed_read_hex(text, out_key, BASE_ED25519_PUBLIC_BYTES))
        return true;
    g_autoptr(GBytes) bytes = cmd_bus_read_file(text, 256, error);
    if (bytes == NULL)
        return false;
    g_autofree char *hex = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    if (bus_signed_read_hex(g_strstrip(hex), out_key, BASE_ED25519_PUBLIC_BYTES))
        return true;
    g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED, "%s: wanted 64 hex digits", text);
    return false;
}

CmdExit cmd_bus_check_proof_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *file = cmd_args_operands(args)[0];
    uint8_t key[BASE_ED25519_PUBLIC_BYTES];
    g_autofree char *summary = NULL;
    if (!read_key(cmd_args_string(args, "key"), key, error))
        return CMD_EXIT_FAILED;
    g_autoptr(GBytes) bytes = cmd_bus_read_file(file, BUS_PROOF_MAX_BYTES, error);
    if (bytes == NULL)
        return CMD_EXIT_FAILED;
    if (!bus_proof_check(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), key, &summary,
                         error)) {
        g_prefix_error(error, "%s: ", file);
        return CMD_EXIT_FAILED;
    }
    puts(summary);
    return CMD_EXIT_DONE;
}
