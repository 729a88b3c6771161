/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision identify
 */
#include "cmd/provision/commands.h"

#include "base/fd.h"
#include "provision/identify.h"

#include <fcntl.h>
#include <stdio.h>

const CmdOption cmd_provision_identify_options[] = {
    CMD_OPTION_JSON,
    {.name = "root", .metavar = "DIR", .help = "look below this directory instead of /"},
    {0},
};

static ProvisionValue *to_value(const ProvisionIdentity *identity)
{
    static const ProvisionPlace nowhere = {0};
    ProvisionValue *top = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    const char *state = identity->disabled ? "disabled" : identity->probing ? "guess" : "found";
    for (guint i = 0; i < identity->datasources->len; i++) {
        const ProvisionDatasource *source = g_ptr_array_index(identity->datasources, i);
        provision_value_take_item(list, provision_value_new_string(&nowhere, source->name));
    }
    provision_value_set_string(top, "state", state);
    provision_value_set_string(top, "reason", identity->reason);
    provision_value_take_member(top, "datasources", &nowhere, list);
    provision_value_set_string(top, "network", identity->network_disabled ? "disabled" : "enabled");
    provision_value_set_string(top, "config-url", identity->config_url);
    return top;
}

static void print(const ProvisionIdentity *identity)
{
    printf("%s: %s\n",
           identity->disabled  ? "disabled"
           : identity->probing ? "guess"
                               : "found",
           identity->reason);
    for (guint i = 0; i < identity->datasources->len; i++) {
        const ProvisionDatasource *source = g_ptr_array_index(identity->datasources, i);
        bool local = (source->flags & PROVISION_DATASOURCE_LOCAL) != 0;
        printf("%-14s %s%s\n", source->name, source->title, local ? "" : ", over the network");
    }
}

CmdExit cmd_provision_identify_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *path = cmd_args_string(args, "root");
    (void)cancellable;
    base_autofd root = base_fd_open_dir(AT_FDCWD, path != NULL ? path : "/", error);
    if (root < 0)
        return CMD_EXIT_FAILED;
    g_autoptr(ProvisionPlatform) platform = provision_platform_read(root, error);
    g_autoptr(ProvisionIdentity) identity =
        platform != NULL ? provision_identify(platform, root, error) : NULL;
    if (identity == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        g_autoptr(ProvisionValue) value = to_value(identity);
        g_autofree char *text = provision_value_print(value);
        printf("%s\n", text);
    } else {
        print(identity);
    }
    return identity->disabled ? CMD_EXIT_NOTHING_TO_DO : CMD_EXIT_DONE;
}
