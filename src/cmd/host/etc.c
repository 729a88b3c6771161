/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host etc diff
 */
#include "cmd/host/commands.h"

#include "base/run.h"
#include "cmd/table.h"
#include "host/etc-ledger.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

const CmdOption cmd_host_etc_diff_options[] = {
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static void add_text(JsonBuilder *json, const char *name, const char *text)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, text);
}

static void add_shadow(JsonBuilder *json, const HostEtcShadow *shadow)
{
    json_builder_set_member_name(json, "shadows");
    if (shadow == NULL) {
        json_builder_add_null_value(json);
        return;
    }
    json_builder_begin_object(json);
    add_text(json, "version", shadow->version);
    add_text(json, "commit", shadow->commit);
    json_builder_end_object(json);
}

static void print_json(const GPtrArray *entries, const HostEtcLedger *ledger)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "etc");
    json_builder_begin_array(json);
    for (guint i = 0; i < entries->len; i++) {
        const HostEtcEntry *entry = entries->pdata[i];
        json_builder_begin_object(json);
        add_text(json, "path", entry->path);
        add_text(json, "change", host_etc_change_name(entry->change));
        add_text(json, "policy", host_etc_policy_name(entry->policy));
        add_shadow(json, host_etc_ledger_find(ledger, entry->path));
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static void print_table(const GPtrArray *entries, const HostEtcLedger *ledger)
{
    static const CmdColumn columns[] = {
        {.title = "PATH"}, {.title = "HERE"}, {.title = "POLICY"}, {.title = ""}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < entries->len; i++) {
        const HostEtcEntry *entry = entries->pdata[i];
        const HostEtcShadow *shadow = host_etc_ledger_find(ledger, entry->path);
        g_autofree char *hides =
            shadow != NULL ? g_strconcat("hides a default of ", shadow->version, NULL) : NULL;
        const char *cells[] = {entry->path, host_etc_change_name(entry->change),
                               host_etc_policy_name(entry->policy), hides};
        cmd_table_add(table, cells);
    }
    g_autofree char *text = cmd_table_print(table);
    printf("%s", text);
}

static void print_line(const char *line, void *user_data)
{
    (void)user_data;
    printf("%s\n", line);
}

/* diff(1) says 1 when files differ, which is what is wanted here. */
static CmdExit print_one(const HostSysroot *sysroot, const char *path, GError **error)
{
    if (!g_str_has_prefix(path, "/etc/") || strstr(path, "/..") != NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "‘%s’ is not a path below /etc",
                    path);
        return CMD_EXIT_USAGE;
    }
    g_autofree char *dir = ostree_sysroot_get_deployment_dirpath(sysroot->ostree, sysroot->merge);
    g_autofree char *root = g_build_filename(sysroot->path, dir, NULL);
    g_autofree char *usr_path = g_strconcat("usr", path, NULL);
    g_autofree char *from = g_build_filename(root, usr_path, NULL);
    g_autofree char *to = g_build_filename(root, path, NULL);
    g_autofree char *from_label = g_strconcat("/usr", path, NULL);
    const char *const argv[] = {"sh",
                                "-c",
                                "diff -u -N --label \"$1\" --label \"$2\" -- "
                                "\"$3\" \"$4\" || [ $? = 1 ]",
                                "diff",
                                from_label,
                                path,
                                from,
                                to,
                                NULL};
    const BaseRun run = {.argv = argv, .what = "comparing", .name = "diff", .on_line = print_line};
    return base_run(&run, NULL, NULL, error) ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}

CmdExit cmd_host_etc_diff_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_operands(args)[0] != NULL)
        return print_one(sysroot, cmd_args_operands(args)[0], error);
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(HostEtcLedger) ledger = host_etc_ledger_load(state_dir, error);
    g_autoptr(GPtrArray) entries =
        ledger != NULL ? host_etc_compare(sysroot, NULL, NULL, cancellable, error) : NULL;
    if (entries == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        print_json(entries, ledger);
        return CMD_EXIT_DONE;
    }
    if (entries->len == 0) {
        printf("/etc is the image's\n");
        return CMD_EXIT_NOTHING_TO_DO;
    }
    print_table(entries, ledger);
    return CMD_EXIT_DONE;
}
