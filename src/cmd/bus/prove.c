/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus prove: a proof on standard output, for who has only the public key.
 */
#include "cmd/commands.h"

#include "bus/proof.h"
#include "cmd/bus/open.h"
#include "cmd/error.h"

#include <string.h>

const CmdOption cmd_bus_prove_options[] = {
    {.name = "since",
     .metavar = "HEAD",
     .help = "prove that the log continues the one that this file is a head of"},
    CMD_BUS_OPTIONS,
    {0},
};

static JsonObject *make_head(CmdBus *bus, GError **error)
{
    g_autoptr(BusSignedHead) head = bus_signed_head_make(bus->log, error);
    return head != NULL ? bus_signed_head_to_json(head) : NULL;
}

static JsonObject *make_consistency(CmdBus *bus, const char *file, GError **error)
{
    g_autoptr(GBytes) bytes = cmd_bus_read_file(file, BUS_PROOF_MAX_BYTES, error);
    if (bytes == NULL)
        return NULL;
    g_autoptr(BusSignedHead) old =
        bus_proof_read_head(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
    if (old == NULL) {
        g_prefix_error(error, "%s: ", file);
        return NULL;
    }
    return bus_proof_consistency(bus->log, old, error);
}

CmdExit cmd_bus_prove_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *number = cmd_args_operands(args)[0];
    const char *since = cmd_args_string(args, "since");
    uint64_t seq = 0;
    if (number != NULL && since != NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "give a number or --since, not both");
        return CMD_EXIT_USAGE;
    }
    if (number != NULL && !cmd_bus_read_number("NUMBER", number, &seq, error))
        return CMD_EXIT_USAGE;
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_WRITE, error);
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(JsonObject) proof = number != NULL  ? bus_proof_inclusion(bus->log, seq, error)
                                  : since != NULL ? make_consistency(bus, since, error)
                                                  : make_head(bus, error);
    if (proof == NULL)
        return CMD_EXIT_FAILED;
    cmd_bus_print_json(proof);
    return CMD_EXIT_DONE;
}
