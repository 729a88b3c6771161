/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision network
 */
#include "cmd/provision/commands.h"

#include "base/fd.h"
#include "cmd/provision/input.h"
#include "provision/networkd.h"

#include <fcntl.h>
#include <stdio.h>

#define MAX_CONFIG_BYTES (32 * 1024 * 1024 - 1)

const CmdOption cmd_provision_network_options[] = {
    {.name = "root", .metavar = "DIR", .help = "write into this root instead of printing"},
    {0},
};

static bool apply(const ProvisionNetwork *network, const char *path, ProvisionReport *report,
                  GError **error)
{
    bool changed = false;
    base_autofd root = base_fd_open_dir(AT_FDCWD, path, error);
    return root >= 0 && provision_networkd_apply(network, root, report, &changed, error);
}

static void print(const ProvisionNetwork *network, ProvisionReport *report)
{
    g_autoptr(GPtrArray) files = provision_networkd_render(network, report);
    for (guint i = 0; i < files->len; i++) {
        const ProvisionNetworkdFile *file = g_ptr_array_index(files, i);
        printf("%s## /%s/%s\n%s", i > 0 ? "\n" : "", PROVISION_NETWORKD_DIR, file->name,
               file->text);
    }
}

CmdExit cmd_provision_network_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *path = cmd_args_operands(args)[0];
    const char *root = cmd_args_string(args, "root");
    (void)cancellable;
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_CONFIG_BYTES, error);
    g_autoptr(ProvisionValue) value =
        bytes != NULL ? provision_value_parse(path, bytes, PROVISION_VALUE_YAML_1_1, error) : NULL;
    if (value == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionNetwork) network = provision_network_read(value, report);
    if (network != NULL && root != NULL && !apply(network, root, report, error))
        return CMD_EXIT_FAILED;
    if (network != NULL && root == NULL)
        print(network, report);
    cmd_provision_print_report(report);
    bool wrong = network == NULL || cmd_provision_has(report, PROVISION_FAILED);
    return wrong ? CMD_EXIT_FAILED : CMD_EXIT_DONE;
}
