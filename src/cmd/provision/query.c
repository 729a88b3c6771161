/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision query: one value of the instance data, as “cloud-init query” prints it.
 */
#include "cmd/provision/commands.h"

#include "provision/apply/root.h"
#include "provision/error.h"
#include "provision/value.h"

#include <stdio.h>

const CmdOption cmd_provision_query_options[] = {
    {.name = "root", .metavar = "DIR", .help = "of this root (default: the running system)"},
    {.name = "all", .letter = 'a', .help = "print everything"},
    {0},
};

CmdExit cmd_provision_query_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    static const char path[] = "/run/cloud-init/instance-data.json";
    const char *name = cmd_args_operands(args)[0];
    (void)cancellable;
    g_autoptr(ProvisionRoot) root = provision_root_open(cmd_args_string(args, "root"), error);
    g_autoptr(GBytes) bytes = root != NULL ? provision_root_read(root, path, error) : NULL;
    g_autoptr(ProvisionValue) data =
        bytes != NULL ? provision_value_parse(path, bytes, PROVISION_VALUE_JSON, error) : NULL;
    if (data == NULL)
        return CMD_EXIT_FAILED;
    const ProvisionValue *value = data;
    if (name != NULL && !cmd_args_flag(args, "all")) {
        g_autofree char *in_v1 = g_strdup_printf("v1.%s", name);
        value = provision_value_look_up(data, name);
        if (value == NULL)
            value = provision_value_look_up(data, in_v1);
    }
    if (value == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND,
                    "there is no ‘%s’ in the instance data; see “query --all”", name);
        return CMD_EXIT_FAILED;
    }
    g_autofree char *text = value->kind == PROVISION_VALUE_STRING ? g_strdup(value->text)
                                                                  : provision_value_print(value);
    (void)printf("%s\n", text);
    return CMD_EXIT_DONE;
}
