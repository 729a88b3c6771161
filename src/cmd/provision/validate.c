/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision validate
 */
#include "cmd/provision/commands.h"

#include "provision/value.h"

const CmdOption cmd_provision_validate_options[] = {
    {0},
};

CmdExit cmd_provision_validate_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *path = cmd_args_operands(args)[0];
    (void)cancellable;
    g_autofree char *text = NULL;
    gsize size_bytes = 0;
    if (!g_file_get_contents(path, &text, &size_bytes, error))
        return CMD_EXIT_FAILED;
    g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&text), size_bytes);
    g_autoptr(ProvisionValue) value =
        provision_value_parse(path, bytes, PROVISION_VALUE_YAML_1_1, error);
    return value == NULL ? CMD_EXIT_FAILED : CMD_EXIT_DONE;
}
