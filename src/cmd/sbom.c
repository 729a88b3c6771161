/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll sbom: what a commit is made of, how it came to be, and whether that is true.
 */
#include "cmd/commands.h"

#include "base/fd.h"
#include "cmd/error.h"
#include "cmd/inspect.h"
#include "tree/account.h"
#include "tree/provenance.h"
#include "tree/verify-account.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SBOM_MAX_BYTES (64u << 20)
#define KEYS_MAX_BYTES 65536

const CmdOption cmd_sbom_options[] = {
    CMD_OPTION_STATE,
    CMD_OPTION_REPO,
    {.name = "output",
     .letter = 'o',
     .metavar = "FILE",
     .help = "write there, not to the terminal"},
    {.name = "packages", .help = "the SBOM without files, as it is in the tree"},
    {.name = "manifest", .help = "the flattened manifest instead"},
    {.name = "provenance", .help = "the signed provenance instead: a DSSE envelope"},
    {.name = "verify", .help = "check signature and agreement instead of printing"},
    {.name = "key",
     .metavar = "FILE",
     .help = "with --verify: public keys to trust (default: the state directory's)"},
    CMD_OPTION_JSON,
    {0},
};

static GPtrArray *load_keys(const CmdArgs *args, GError **error)
{
    g_autofree char *state = cmd_args_state_dir(args);
    const char *given = cmd_args_string(args, "key");
    g_autofree char *path = given != NULL
                                ? g_strdup(given)
                                : g_build_filename(state, "keys", "signing.ed25519.pub", NULL);
    g_autoptr(GBytes) text = base_fd_read_file(AT_FDCWD, path, KEYS_MAX_BYTES, error);
    if (text == NULL) {
        g_prefix_error(error, "no key to trust (name one with --key): ");
        return NULL;
    }
    GPtrArray *keys =
        tree_verify_account_keys(g_bytes_get_data(text, NULL), g_bytes_get_size(text), error);
    if (keys == NULL)
        g_prefix_error(error, "‘%s’: ", path);
    return keys;
}

static CmdExit verify(const CmdArgs *args, TreeInspect *commit, GError **error)
{
    g_autoptr(GPtrArray) keys = load_keys(args, error);
    if (keys == NULL || !tree_verify_account(commit, keys, error))
        return CMD_EXIT_FAILED;
    if (!cmd_args_flag(args, "json")) {
        printf("%s\nsigned by a trusted key; SBOM, manifest and provenance agree\n",
               tree_inspect_commit(commit));
        return CMD_EXIT_DONE;
    }
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    cmd_inspect_member(json, "commit", tree_inspect_commit(commit));
    json_builder_set_member_name(json, "verified");
    json_builder_add_boolean_value(json, TRUE);
    cmd_inspect_member(json, "sbom", tree_inspect_text(commit, TREE_ACCOUNT_SBOM_KEY));
    cmd_inspect_member(json, "manifest", tree_inspect_text(commit, "atoll.manifest-digest"));
    json_builder_end_object(json);
    cmd_inspect_print(json);
    return CMD_EXIT_DONE;
}

static GBytes *load_manifest(TreeInspect *commit, GError **error)
{
    const char *text = tree_inspect_text(commit, TREE_ACCOUNT_MANIFEST_KEY);
    if (text == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_NOT_FOUND, "commit %s does not have its manifest",
                    tree_inspect_commit(commit));
        return NULL;
    }
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    return g_bytes_new(line, strlen(line));
}

static GBytes *load(const CmdArgs *args, TreeInspect *commit, GError **error)
{
    if (cmd_args_flag(args, "packages"))
        return tree_inspect_read(commit, TREE_ACCOUNT_SBOM, SBOM_MAX_BYTES, error);
    if (cmd_args_flag(args, "manifest"))
        return load_manifest(commit, error);
    return cmd_args_flag(args, "provenance") ? tree_inspect_provenance(commit, error)
                                             : tree_inspect_sbom(commit, error);
}

static bool check_usage(const CmdArgs *args, GError **error)
{
    static const char *const kinds[] = {"packages", "manifest", "provenance", "verify"};
    unsigned n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        n += cmd_args_flag(args, kinds[i]);
    if (n > 1) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "at most one of --packages, --manifest, --provenance and --verify");
        return false;
    }
    if (cmd_args_string(args, "key") == NULL || cmd_args_flag(args, "verify"))
        return true;
    g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "--key goes with --verify");
    return false;
}

CmdExit cmd_sbom_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    if (!check_usage(args, error))
        return CMD_EXIT_USAGE;
    g_autoptr(TreeInspect) commit = cmd_inspect_open(args, cmd_args_operands(args)[0], error);
    if (commit == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "verify"))
        return verify(args, commit, error);
    g_autoptr(GBytes) text = load(args, commit, error);
    if (text == NULL)
        return CMD_EXIT_FAILED;
    size_t n = 0;
    const void *data = g_bytes_get_data(text, &n);
    const char *output = cmd_args_string(args, "output");
    bool ok = output != NULL ? base_fd_replace_file(AT_FDCWD, output, data, n, 0644,
                                                    BASE_FD_REPLACE_DEFAULT, error)
                             : base_fd_write_all(STDOUT_FILENO, data, n, error);
    return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
