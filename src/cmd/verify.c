/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll verify: make a commit again, and say whether the same one comes out.
 */
#include "cmd/commands.h"

#include "cmd/table.h"
#include "cmd/terminal.h"
#include "tree/scripts.h"
#include "tree/verify.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

const CmdOption cmd_verify_options[] = {
    CMD_OPTION_STATE,
    {.name = "manifest",
     .metavar = "FILE",
     .help = "the manifest it was made by (default: what the commit says of it)"},
    CMD_OPTION_JSON,
    CMD_OPTION_QUIET,
    {0},
};

static void print_text(const TreeVerifyResult *result)
{
    if (result->differences->len == 0) {
        printf("%s\nreproduced\n", result->commit);
        return;
    }
    static const CmdColumn columns[] = {{"DIFFERS", false}, {"PATH", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < result->differences->len; i++) {
        const TreeVerifyDifference *difference = result->differences->pdata[i];
        cmd_table_add(table, (const char *const[]){difference->what, difference->path});
    }
    g_autofree char *text = cmd_table_print(table);
    printf("%s\n%s\nnot reproduced: %u differences\n", text, result->commit,
           result->differences->len);
}

static void add_member(JsonBuilder *json, const char *name, const char *text)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, text);
}

static void print_json(const TreeVerifyResult *result)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    add_member(json, "commit", result->commit);
    add_member(json, "rebuilt", result->rebuilt);
    json_builder_set_member_name(json, "reproduced");
    json_builder_add_boolean_value(json, result->differences->len == 0);
    json_builder_set_member_name(json, "differences");
    json_builder_begin_array(json);
    for (guint i = 0; i < result->differences->len; i++) {
        const TreeVerifyDifference *difference = result->differences->pdata[i];
        json_builder_begin_object(json);
        add_member(json, "path", difference->path);
        add_member(json, "what", difference->what);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

CmdExit cmd_verify_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autofree char *state_dir = cmd_args_state_dir(args);
    g_autoptr(CmdTerminal) terminal =
        cmd_terminal_new(cmd_args_flag(args, "quiet") ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
    TreeVerifyOptions options = {.state_dir = state_dir,
                                 .rev = cmd_args_operands(args)[0],
                                 .manifest_path = cmd_args_string(args, "manifest"),
                                 .script_limit_s = TREE_SCRIPTS_LIMIT_S,
                                 .progress = cmd_terminal_progress(terminal)};
    g_autoptr(TreeVerifyResult) result = tree_verify(&options, cancellable, error);
    g_clear_pointer(&terminal, cmd_terminal_free);
    if (result == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json"))
        print_json(result);
    else
        print_text(result);
    return result->differences->len == 0 ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
