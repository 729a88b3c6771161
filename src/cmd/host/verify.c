/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host verify
 */
#include "cmd/host/commands.h"

#include "cmd/terminal.h"
#include "host/commit.h"
#include "host/error.h"
#include "host/integrity.h"
#include "host/verify.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

const CmdOption cmd_host_verify_options[] = {
    CMD_OPTION_JSON,
    CMD_OPTION_QUIET,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static void print_json(const HostIntegrity *found, const HostCommit *commit,
                       HostSignature signature)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "checksum");
    json_builder_add_string_value(json, commit->checksum);
    json_builder_set_member_name(json, "signature");
    json_builder_add_string_value(json, host_signature_name(signature));
    json_builder_set_member_name(json, "objects");
    json_builder_add_int_value(json, (gint64)found->n_objects);
    json_builder_set_member_name(json, "files");
    json_builder_add_int_value(json, (gint64)found->n_files);
    json_builder_set_member_name(json, "bad");
    json_builder_begin_array(json);
    for (guint i = 0; i < found->bad->len; i++)
        json_builder_add_string_value(json, found->bad->pdata[i]);
    json_builder_end_array(json);
    json_builder_set_member_name(json, "fs-verity");
    json_builder_add_string_value(json, host_integrity_verity_name(found->verity));
    json_builder_set_member_name(json, "composefs");
    json_builder_add_boolean_value(json, found->has_composefs);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static const char *describe_verity(HostIntegrityVerity verity)
{
    switch (verity) {
    case HOST_INTEGRITY_VERITY_ALL:
        return "on for every object: the kernel checks each read";
    case HOST_INTEGRITY_VERITY_SOME:
        return "on for some objects";
    case HOST_INTEGRITY_VERITY_OFF:
        return "off, though kernel and file system have it";
    case HOST_INTEGRITY_VERITY_NONE:
    default:
        return "not there: kernel or file system do not have it";
    }
}

static void print_text(const HostIntegrity *found, const char *label, HostSignature signature)
{
    printf("%s\n  signature   %s\n  objects     %" G_GUINT64_FORMAT "\n  files       "
           "%" G_GUINT64_FORMAT "\n  fs-verity   %s\n  composefs   %s\n",
           label, host_signature_name(signature), found->n_objects, found->n_files,
           describe_verity(found->verity), found->has_composefs ? "used" : "not used");
    for (guint i = 0; i < found->bad->len; i++)
        printf("  BAD         %s\n", (const char *)found->bad->pdata[i]);
}

static HostIntegrity *check(const HostSysroot *sysroot, OstreeDeployment *deployment,
                            const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    bool is_quiet = cmd_args_flag(args, "quiet") || cmd_args_flag(args, "json");
    g_autoptr(CmdTerminal) terminal =
        cmd_terminal_new(is_quiet ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
    return host_integrity_check(sysroot, deployment, cmd_terminal_progress(terminal), cancellable,
                                error);
}

CmdExit cmd_host_verify_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *name = cmd_args_operands(args)[0];
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    OstreeDeployment *deployment =
        name != NULL ? host_sysroot_find(sysroot, name, error) : sysroot->merge;
    g_autoptr(HostCommit) commit =
        deployment != NULL
            ? host_commit_load(sysroot->repo, ostree_deployment_get_csum(deployment), error)
            : NULL;
    g_autoptr(HostIntegrity) found =
        commit != NULL ? check(sysroot, deployment, args, cancellable, error) : NULL;
    if (found == NULL)
        return CMD_EXIT_FAILED;
    HostSignature signature =
        host_verify_commit(sysroot->keys, commit->object, commit->detached, NULL);
    g_autofree char *label = host_commit_label(commit);
    if (cmd_args_flag(args, "json"))
        print_json(found, commit, signature);
    else
        print_text(found, label, signature);
    if (found->bad->len == 0 && signature == HOST_SIGNATURE_GOOD)
        return CMD_EXIT_DONE;
    host_error_set(error, HOST_ERROR_FAILED,
                   found->bad->len > 0
                       ? "%s is not what was signed any more: ‘atoll-host deploy’ another version"
                       : "%s has no good signature",
                   label);
    return CMD_EXIT_FAILED;
}
