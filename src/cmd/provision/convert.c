/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision convert
 */
#include "cmd/provision/commands.h"

#include "base/fd.h"
#include "cmd/provision/input.h"
#include "provision/convert/convert.h"
#include "provision/ignition/ignition.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

const CmdOption cmd_provision_convert_options[] = {
    {.name = "files-dir", .metavar = "DIR", .help = "where Butane's “local” files are"},
    {.name = "strict", .help = "fail when something has no counterpart"},
    {0},
};

static ProvisionValue *convert(const CmdArgs *args, ProvisionReport *report,
                               GCancellable *cancellable, GError **error)
{
    const char *path = cmd_args_operands(args)[0];
    const char *directory = cmd_args_string(args, "files-dir");
    base_autofd files = directory == NULL ? -1 : base_fd_open_dir(AT_FDCWD, directory, error);
    g_autoptr(GBytes) bytes =
        directory != NULL && files < 0 ? NULL : cmd_provision_read_file(path, error);
    if (bytes == NULL)
        return NULL;
    g_autoptr(ProvisionValue) value =
        provision_value_parse(path, bytes, PROVISION_VALUE_YAML_1_1, NULL);
    if (value != NULL && provision_convert_is_butane(value)) {
        g_autoptr(ProvisionValue) made = provision_convert_butane(value, files, report);
        if (made == NULL || !provision_ignition_check(made, report))
            return NULL;
        return g_steal_pointer(&made);
    }
    char platform[] = "none";
    ProvisionInstance instance = {.platform = platform, .user_data = bytes};
    const ProvisionConfigEnv env = {.source = path, .envelope = {.may_be_base64 = true}};
    g_autoptr(ProvisionConfig) config =
        provision_config_read(&instance, &env, report, cancellable, error);
    return config == NULL ? NULL : provision_convert_cloud(config, report);
}

CmdExit cmd_provision_convert_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(GError) local = NULL;
    bool lost = false;
    g_autoptr(ProvisionValue) config = convert(args, report, cancellable, &local);
    for (guint i = 0; i < report->records->len; i++) {
        const ProvisionRecord *record = report->records->pdata[i];
        const ProvisionPlace *at = &record->at;
        if (record->outcome == PROVISION_APPLIED || record->outcome == PROVISION_UNCHANGED)
            continue;
        lost = true;
        fprintf(stderr, "%s:%u:%u: %s: %s: %s\n", at->source != NULL ? at->source : "", at->line,
                at->column, record->outcome == PROVISION_FAILED ? "error" : "warning",
                at->key != NULL ? at->key : "", record->message != NULL ? record->message : "");
    }
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    if (config == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *text = provision_value_print(config);
    printf("%s\n", text);
    return cmd_provision_has(report, PROVISION_FAILED) || (lost && cmd_args_flag(args, "strict"))
               ? CMD_EXIT_FAILED
               : CMD_EXIT_DONE;
}
