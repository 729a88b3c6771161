/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/host/agent.h"
#include "host/boot.h"
#include "host/commit.h"

G_BEGIN_DECLS

/**
 * CmdHostBoot:
 * @sysroot: (owned): opened for writing
 * @boot: how it was started
 * @running: (owned): what runs
 * @agent: where the agent's files are
 *
 * What the commands of the boot's units start from.
 */
typedef struct {
    HostSysroot *sysroot;
    HostBoot boot;
    HostCommit *running;
    CmdHostAgent agent;
} CmdHostBoot;

/** cmd_host_boot_open: for a command with cmd_host_boot_options; fails unless a deployment runs */
bool cmd_host_boot_open(CmdHostBoot *self, const CmdArgs *args, GCancellable *cancellable,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cmd_host_boot_clear(CmdHostBoot *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmdHostBoot, cmd_host_boot_clear)

/** cmd_host_boot_say: a message to the journal with @message_id (HOST_MESSAGE_…); @is_bad makes it
 * a warning */
void cmd_host_boot_say(const char *message_id, bool is_bad, const char *text);

/** cmd_host_boot_block: remembers that @commit is no good, and why */
bool cmd_host_boot_block(const CmdHostBoot *self, const HostCommit *commit, const char *reason,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_host_boot_tell: what people are told at login: the last fallback; none any more takes it
 * back */
void cmd_host_boot_tell(const CmdHostBoot *self);

G_END_DECLS
