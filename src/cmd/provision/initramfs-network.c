/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision initramfs, with the network.
 */
#include "cmd/provision/initramfs.h"

CmdExit cmd_provision_initramfs_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionFetcher) fetcher = provision_fetcher_new();
    return cmd_provision_initramfs_stage(args, fetcher, cancellable, error);
}
