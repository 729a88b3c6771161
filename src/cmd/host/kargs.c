/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host kargs
 */
#include "cmd/host/commands.h"

#include "cmd/terminal.h"
#include "host/deploy.h"
#include "host/kargs.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

const CmdOption cmd_host_kargs_options[] = {
    {.name = "append", .metavar = "KEY[=VALUE]", .help = "add at the end", .repeatable = true},
    {.name = "delete", .metavar = "KEY[=VALUE]", .help = "take away", .repeatable = true},
    {.name = "replace",
     .metavar = "KEY=VALUE",
     .help = "give another value; KEY=OLD=NEW when the key stands more than once",
     .repeatable = true},
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_REBOOT,
    CMD_OPTION_QUIET,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static void print_json(const char *text)
{
    g_auto(GStrv) args = g_strsplit(text, " ", -1);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_array(builder);
    for (unsigned i = 0; args[i] != NULL; i++) {
        if (args[i][0] != '\0')
            json_builder_add_string_value(builder, args[i]);
    }
    json_builder_end_array(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *json = json_to_string(root, TRUE);
    printf("%s\n", json);
}

static CmdExit show(const CmdArgs *args, const char *text)
{
    if (cmd_args_flag(args, "json"))
        print_json(text);
    else
        printf("%s\n", text);
    return CMD_EXIT_DONE;
}

static bool deploy(HostSysroot *sysroot, const char *text, const CmdArgs *args,
                   GCancellable *cancellable, GError **error)
{
    bool quiet = cmd_args_flag(args, "quiet");
    g_autoptr(CmdTerminal) terminal =
        cmd_terminal_new(quiet ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
    g_autoptr(OstreeKernelArgs) parsed = ostree_kernel_args_from_string(text);
    g_auto(GStrv) kernel_args = ostree_kernel_args_to_strv(parsed);
    OstreeDeployment *base = host_sysroot_default(sysroot);
    return host_deploy_commit(sysroot, ostree_deployment_get_csum(base), NULL, kernel_args,
                              cmd_terminal_progress(terminal), cancellable, error);
}

CmdExit cmd_host_kargs_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const HostKargsChange change = {
        .append = cmd_args_strings(args, "append"),
        .delete = cmd_args_strings(args, "delete"),
        .replace = cmd_args_strings(args, "replace"),
    };
    bool changes =
        change.append[0] != NULL || change.delete[0] != NULL || change.replace[0] != NULL;
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"),
                          changes ? HOST_SYSROOT_WRITE : HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *old = host_kargs_text(host_sysroot_default(sysroot));
    if (!changes)
        return show(args, old);
    g_autofree char *new = host_kargs_change(old, &change, error);
    if (new == NULL)
        return CMD_EXIT_FAILED;
    if (strcmp(old, new) == 0) {
        printf("nothing to do: the kernel arguments are so already\n");
        return CMD_EXIT_NOTHING_TO_DO;
    }
    if (!deploy(sysroot, new, args, cancellable, error))
        return CMD_EXIT_FAILED;
    g_autofree char *what = g_strdup_printf("kernel arguments of the next boot: %s", new);
    return cmd_host_finish(args, sysroot, what, error);
}
