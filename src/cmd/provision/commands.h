/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"

G_BEGIN_DECLS

/** atoll_provision_commands: the table of the program atoll-provision, ended by a zeroed row */
extern const CmdCommand atoll_provision_commands[];

extern const CmdOption cmd_provision_validate_options[];
extern const CmdOption cmd_provision_apply_options[];
extern const CmdOption cmd_provision_status_options[];
extern const CmdOption cmd_provision_query_options[];
extern const CmdOption cmd_provision_list_options[];
extern const CmdOption cmd_provision_revert_options[];
extern const CmdOption cmd_provision_clean_options[];
extern const CmdOption cmd_provision_initramfs_options[];
extern const CmdOption cmd_provision_convert_options[];
extern const CmdOption cmd_provision_plan_options[];
extern const CmdOption cmd_provision_schema_options[];
extern const CmdOption cmd_provision_sign_options[];
extern const CmdOption cmd_provision_identify_options[];
extern const CmdOption cmd_provision_boot_options[];
extern const CmdOption cmd_provision_fetch_options[];
extern const CmdOption cmd_provision_network_options[];

CmdExit cmd_provision_validate_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_plan_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_schema_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_sign_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_identify_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_boot_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_fetch_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_network_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_apply_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_status_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_query_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_list_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_revert_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_clean_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_convert_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_provision_initramfs_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

/** cmd_provision_ignition_argv: (transfer full): what a call of the program as “ignition” means */
char **cmd_provision_ignition_argv(char **argv);

G_END_DECLS
