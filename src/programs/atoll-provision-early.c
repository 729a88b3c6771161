/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision-early: the command “initramfs” of atoll-provision as a program of its own, small
 * enough for every initramfs: without the network, with GLib linked in.
 */
#include "cmd/provision/initramfs.h"

static CmdExit run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionFetcher) fetcher = provision_fetcher_new_offline();
    return cmd_provision_initramfs_stage(args, fetcher, cancellable, error);
}

int main(int argc, char **argv)
{
    static const CmdCommand commands[] = {
        {
            .name = "initramfs",
            .summary = "Run a stage of first boot before the real root",
            .options = cmd_provision_initramfs_options,
            .run = run,
        },
        {0},
    };
    return cmd_main("atoll-provision-early", "Set this host up before its real root runs", commands,
                    argc, argv);
}
