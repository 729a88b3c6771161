/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll compose: from a manifest to a signed commit in the published repository.
 */
#include "cmd/commands.h"

#include "base/error.h"
#include "cmd/error.h"
#include "cmd/event.h"
#include "cmd/table.h"
#include "cmd/terminal.h"
#include "tree/compose.h"
#include "tree/scripts.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

const CmdOption cmd_compose_options[] = {
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    {.name = "set-version",
     .metavar = "VERSION",
     .help = "version of the commit (default: the next one of the manifest's "
             "automatic-version-prefix, or of today's date)"},
    {.name = "script-timeout",
     .metavar = "SECONDS",
     .help = "how long one package's script may take (default: 900; 0 for no limit)"},
    {.name = "lockfile",
     .metavar = "FILE",
     .help = "compose the packages of this lock (default: the manifest's name with .lock after "
             "it, where there is one)"},
    {.name = "locked", .help = "fail when there is no lock, or when it does not fit the manifest"},
    {.name = "force", .help = "make a commit even if nothing has changed"},
    CMD_OPTION_JSON,
    CMD_OPTION_QUIET,
    {0},
};

static void print_table(const TreeComposeResult *result)
{
    static const CmdColumn columns[] = {
        {"PHASE", false}, {"TIME", true}, {"BYTES", true}, {"FILES", true}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    uint64_t total_ms = 0;
    for (guint i = 0; i < result->phases->len; i++) {
        const TreeComposePhase *phase = &g_array_index(result->phases, TreeComposePhase, i);
        g_autofree char *time = g_strdup_printf("%.2f s", (double)phase->duration_ms / 1000);
        g_autofree char *bytes = phase->bytes > 0 ? g_format_size(phase->bytes) : NULL;
        g_autofree char *files =
            phase->files > 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, phase->files) : NULL;
        cmd_table_add(table, (const char *const[]){phase->name, time, bytes, files});
        total_ms += phase->duration_ms;
    }
    g_autofree char *total = g_strdup_printf("%.2f s", (double)total_ms / 1000);
    cmd_table_add(table, (const char *const[]){"total", total, NULL, NULL});
    g_autofree char *text = cmd_table_print(table);
    printf("%s\n%s %s\n%s\n%u packages\n", text, result->ref, result->version, result->commit,
           result->n_packages);
    if (result->privileged == NULL || result->privileged->len == 0)
        return;
    printf("\nset-uid, set-gid or with capabilities:\n");
    for (guint i = 0; i < result->privileged->len; i++)
        printf("  %s\n", (const char *)result->privileged->pdata[i]);
}

static void add_member(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void add_number(JsonBuilder *builder, const char *name, uint64_t number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)number);
}

static void print_json(const TreeComposeResult *result)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    add_member(builder, "ref", result->ref);
    add_member(builder, "commit", result->commit);
    add_member(builder, "version", result->version);
    json_builder_set_member_name(builder, "unchanged");
    json_builder_add_boolean_value(builder, result->unchanged);
    add_number(builder, "packages", result->n_packages);
    json_builder_set_member_name(builder, "phases");
    json_builder_begin_array(builder);
    for (guint i = 0; i < result->phases->len; i++) {
        const TreeComposePhase *phase = &g_array_index(result->phases, TreeComposePhase, i);
        json_builder_begin_object(builder);
        add_member(builder, "phase", phase->name);
        add_number(builder, "milliseconds", phase->duration_ms);
        add_number(builder, "bytes", phase->bytes);
        add_number(builder, "files", phase->files);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    if (result->privileged != NULL) {
        json_builder_set_member_name(builder, "privileged");
        json_builder_begin_array(builder);
        for (guint i = 0; i < result->privileged->len; i++)
            json_builder_add_string_value(builder, result->privileged->pdata[i]);
        json_builder_end_array(builder);
    }
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static bool read_limit(const CmdArgs *args, unsigned *out_limit_s, GError **error)
{
    uint64_t value = 0;
    const char *text = cmd_args_string(args, "script-timeout");
    if (text == NULL)
        return true;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &value, NULL)) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "--script-timeout wants a whole number of seconds, got ‘%s’", text);
        return false;
    }
    *out_limit_s = (unsigned)value;
    return true;
}

static void publish_done(const CmdArgs *args, const TreeComposeResult *result)
{
    g_autoptr(JsonObject) body = json_object_new();
    g_autofree char *ref = g_strconcat("ref:", result->ref, NULL);
    g_autofree char *commit = g_strconcat("commit:", result->commit, NULL);
    json_object_set_string_member(body, "ref", result->ref);
    json_object_set_string_member(body, "commit", result->commit);
    json_object_set_string_member(body, "version", result->version);
    json_object_set_int_member(body, "packages", result->n_packages);
    cmd_event_publish(args, "org.atoll.prod.compose.tree.done", "service:compose",
                      (const char *const[]){ref, commit, NULL}, body, NULL);
}

static void publish_failed(const CmdArgs *args, const GError *failure)
{
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "manifest", cmd_args_operands(args)[0]);
    cmd_event_publish(args, "org.atoll.prod.compose.tree.failed", "service:compose", NULL, body,
                      failure);
}

CmdExit cmd_compose_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autofree char *state_dir = cmd_args_state_dir(args);
    g_autoptr(CmdTerminal) terminal =
        cmd_terminal_new(cmd_args_flag(args, "quiet") ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
    unsigned script_limit_s = TREE_SCRIPTS_LIMIT_S;
    if (!read_limit(args, &script_limit_s, error))
        return CMD_EXIT_USAGE;
    TreeComposeOptions options = {
        .manifest_path = cmd_args_operands(args)[0],
        .lock_path = cmd_args_string(args, "lockfile"),
        .state_dir = state_dir,
        .version = cmd_args_string(args, "set-version"),
        .script_limit_s = script_limit_s,
        .flags = (cmd_args_flag(args, "force") ? TREE_COMPOSE_FORCE : TREE_COMPOSE_DEFAULT) |
                 (cmd_args_flag(args, "locked") ? TREE_COMPOSE_LOCKED : TREE_COMPOSE_DEFAULT),
        .progress = cmd_terminal_progress(terminal),
    };
    g_autoptr(TreeComposeResult) result = tree_compose(&options, cancellable, error);
    g_clear_pointer(&terminal, cmd_terminal_free);
    if (result == NULL) {
        if (error != NULL && base_error_is_no_space(*error))
            g_prefix_error(error,
                           "no space is left for ‘%s’: free some there, or name a larger place "
                           "with --state, and compose again; what was there before is unharmed: ",
                           state_dir);
        if (error != NULL && !g_cancellable_is_cancelled(cancellable))
            publish_failed(args, *error);
        return CMD_EXIT_FAILED;
    }
    if (!result->unchanged)
        publish_done(args, result);
    if (cmd_args_flag(args, "json"))
        print_json(result);
    else if (result->unchanged)
        printf("nothing has changed: %s is still %s (%s)\n", result->ref, result->version,
               result->commit);
    else
        print_table(result);
    return result->unchanged ? CMD_EXIT_NOTHING_TO_DO : CMD_EXIT_DONE;
}
