/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host kargs
 */
#include "cmd/host/commands.h"

#include "base/fd.h"
#include "cmd/terminal.h"
#include "host/commit.h"
#include "host/deploy.h"
#include "host/history.h"
#include "host/kargs.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_EDIT_BYTES (64 * 1024)

const CmdOption cmd_host_kargs_options[] = {
    {.name = "append", .metavar = "KEY[=VALUE]", .help = "add at the end", .repeatable = true},
    {.name = "delete", .metavar = "KEY[=VALUE]", .help = "take away", .repeatable = true},
    {.name = "replace",
     .metavar = "KEY=VALUE",
     .help = "give another value; KEY=OLD=NEW when the key stands more than once",
     .repeatable = true},
    {.name = "edit", .help = "change them in $VISUAL or $EDITOR, one a line"},
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
    g_autofree char *checksum = g_strdup(ostree_deployment_get_csum(host_sysroot_default(sysroot)));
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    if (!host_deploy_commit(sysroot, checksum, NULL, kernel_args, cmd_terminal_progress(terminal),
                            cancellable, error))
        return false;
    g_autoptr(HostCommit) commit = host_commit_load(sysroot->repo, checksum, NULL);
    host_history_note(state_dir,
                      sysroot->booted != NULL ? HOST_HISTORY_STAGED : HOST_HISTORY_DEPLOYED,
                      checksum, commit != NULL ? commit->version : NULL, "kernel arguments");
    return true;
}

static const char *editor(void)
{
    const char *visual = g_getenv("VISUAL");
    const char *plain = g_getenv("EDITOR");
    return visual != NULL && *visual != '\0' ? visual
           : plain != NULL && *plain != '\0' ? plain
                                             : "vi";
}

static bool run_editor(const char *path, GError **error)
{
    int status = 0;
    g_auto(GStrv) words = NULL;
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *line = g_strconcat(editor(), " ", quoted, NULL);
    if (!g_shell_parse_argv(line, NULL, &words, error) ||
        !g_spawn_sync(NULL, words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL,
                      NULL, NULL, NULL, &status, error) ||
        !g_spawn_check_wait_status(status, error)) {
        g_prefix_error(error, "editing with ‘%s’ (nothing was changed): ", editor());
        return false;
    }
    return true;
}

/* (transfer full): what somebody made of @old */
static char *edit(const char *old, GError **error)
{
    g_auto(GStrv) args = g_strsplit(old, " ", -1);
    g_autofree char *lines = g_strjoinv("\n", args);
    g_autofree char *text = g_strconcat(
        "# Kernel arguments of the next boot, one a line; lines that begin with # do not count.\n",
        lines, "\n", NULL);
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("atoll-kargs-XXXXXX", &path, error);
    if (fd < 0)
        return NULL;
    bool ok = base_fd_write_all(fd, text, strlen(text), error);
    (void)close(fd);
    ok = ok && run_editor(path, error);
    g_autoptr(GBytes) bytes = ok ? base_fd_read_file(AT_FDCWD, path, MAX_EDIT_BYTES, error) : NULL;
    (void)unlink(path);
    return bytes != NULL ? host_kargs_join(g_bytes_get_data(bytes, NULL), error) : NULL;
}

CmdExit cmd_host_kargs_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const HostKargsChange change = {
        .append = cmd_args_strings(args, "append"),
        .delete = cmd_args_strings(args, "delete"),
        .replace = cmd_args_strings(args, "replace"),
    };
    bool edits = cmd_args_flag(args, "edit");
    bool changes =
        change.append[0] != NULL || change.delete[0] != NULL || change.replace[0] != NULL;
    g_autoptr(HostSysroot) sysroot = host_sysroot_open(
        cmd_args_string(args, "sysroot"), changes || edits ? HOST_SYSROOT_WRITE : HOST_SYSROOT_READ,
        cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *old = host_kargs_text(host_sysroot_default(sysroot));
    if (!changes && !edits)
        return show(args, old);
    g_autofree char *changed = host_kargs_change(old, &change, error);
    g_autofree char *new = changed == NULL ? NULL
                           : edits         ? edit(changed, error)
                                           : g_strdup(changed);
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
