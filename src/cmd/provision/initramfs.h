/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/provision/commands.h"
#include "provision/fetch.h"

G_BEGIN_DECLS

/** cmd_provision_initramfs_stage: the command, with what @fetcher can get */
CmdExit cmd_provision_initramfs_stage(const CmdArgs *args, ProvisionFetcher *fetcher,
                                      GCancellable *cancellable, GError **error);

G_END_DECLS
