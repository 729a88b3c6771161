/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus verify: the whole log, proven or not.
 */
#include "cmd/commands.h"

#include "bus/proof.h"
#include "bus/verify.h"
#include "cmd/bus/open.h"
#include "cmd/error.h"
#include "cmd/terminal.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_bus_verify_options[] = {
    {.name = "head",
     .metavar = "FILE",
     .help = "a head saved earlier that the log has to continue; may be given more than once",
     .repeatable = true},
    {.name = "key", .metavar = "HEX", .help = "the public key that has to have begun the log"},
    CMD_BUS_OPTIONS,
    CMD_OPTION_JSON,
    CMD_OPTION_QUIET,
    {0},
};

static GPtrArray *read_heads(const CmdArgs *args, GError **error)
{
    g_autoptr(GPtrArray) heads =
        g_ptr_array_new_with_free_func((GDestroyNotify)bus_signed_head_free);
    const char *const *files = cmd_args_strings(args, "head");
    for (unsigned i = 0; files[i] != NULL; i++) {
        g_autoptr(GBytes) bytes = cmd_bus_read_file(files[i], BUS_PROOF_MAX_BYTES, error);
        BusSignedHead *head = bytes != NULL ? bus_proof_read_head(g_bytes_get_data(bytes, NULL),
                                                                  g_bytes_get_size(bytes), error)
                                            : NULL;
        if (head == NULL) {
            g_prefix_error(error, "%s: ", files[i]);
            return NULL;
        }
        g_ptr_array_add(heads, head);
    }
    return g_steal_pointer(&heads);
}

static void print_json(const BusVerification *result, const char *first_key)
{
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *findings = json_array_new();
    json_object_set_boolean_member(root, "proven", result->findings->len == 0);
    json_object_set_int_member(root, "events", (gint64)result->n_events);
    json_object_set_int_member(root, "bodies-gone", (gint64)result->n_bodies_gone);
    json_object_set_int_member(root, "back-dated", (gint64)result->n_back_dated);
    json_object_set_int_member(root, "heads", (gint64)result->n_heads);
    json_object_set_string_member(root, "first-key", first_key);
    for (guint i = 0; i < result->findings->len; i++) {
        const BusFinding *finding = result->findings->pdata[i];
        JsonObject *object = json_object_new();
        json_object_set_int_member(object, "seq", (gint64)finding->seq);
        json_object_set_string_member(object, "kind", finding->kind);
        json_object_set_string_member(object, "message", finding->message);
        json_array_add_object_element(findings, object);
    }
    json_object_set_array_member(root, "findings", findings);
    cmd_bus_print_json(root);
}

static void print_text(const BusVerification *result, const char *first_key)
{
    for (guint i = 0; i < result->findings->len; i++)
        printf("%s\n", ((const BusFinding *)result->findings->pdata[i])->message);
    if (result->more)
        printf("… and more\n");
    printf("%" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT
           " without their body, %" G_GUINT64_FORMAT " signed heads; begun by key %s\n",
           result->n_events, result->n_bodies_gone, result->n_heads, first_key);
}

CmdExit cmd_bus_verify_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    bool quiet = cmd_args_flag(args, "quiet") || cmd_args_flag(args, "json");
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_READ, error);
    g_autoptr(GPtrArray) heads = bus != NULL ? read_heads(args, error) : NULL;
    if (heads == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(CmdTerminal) terminal =
        cmd_terminal_new(quiet ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
    g_autoptr(BusVerification) result =
        bus_verify(bus->log, heads, cmd_terminal_progress(terminal), cancellable, error);
    g_clear_pointer(&terminal, cmd_terminal_free);
    if (result == NULL)
        return CMD_EXIT_FAILED;
    char first_key[2 * BASE_ED25519_PUBLIC_BYTES + 1];
    base_digest_to_hex(result->first_key, sizeof result->first_key, first_key);
    if (cmd_args_flag(args, "json"))
        print_json(result, first_key);
    else
        print_text(result, first_key);
    const char *wanted = cmd_args_string(args, "key");
    if (wanted != NULL && strcmp(wanted, first_key) != 0)
        g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED, "the log was begun by key %s, not %s",
                    first_key, wanted);
    else if (result->findings->len > 0)
        g_set_error(error, CMD_ERROR, CMD_ERROR_FAILED, "the log does not prove: %u findings%s",
                    result->findings->len, result->more ? " or more" : "");
    else
        return CMD_EXIT_DONE;
    return CMD_EXIT_FAILED;
}
