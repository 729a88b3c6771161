/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision validate
 */
#include "cmd/provision/commands.h"
#include "cmd/provision/input.h"

#include <stdio.h>

const CmdOption cmd_provision_validate_options[] = {
    CMD_OPTION_JSON,
    {.name = "strict", .help = "fail on unknown keys too"},
    CMD_PROVISION_OPTIONS_INPUT,
    {0},
};

CmdExit cmd_provision_validate_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionConfig) config = cmd_provision_read_config(args, report, cancellable, error);
    if (config == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        g_autoptr(ProvisionValue) value = cmd_provision_report_value(report);
        g_autofree char *text = provision_value_print(value);
        printf("%s\n", text);
    } else {
        cmd_provision_print_report(report);
    }
    bool wrong = cmd_provision_has(report, PROVISION_FAILED) ||
                 (cmd_args_flag(args, "strict") && cmd_provision_has(report, PROVISION_UNKNOWN));
    return wrong ? CMD_EXIT_FAILED : CMD_EXIT_DONE;
}
