/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"

G_BEGIN_DECLS

/** atoll_commands: the table of the program atoll, ended by a zeroed row */
extern const CmdCommand atoll_commands[];

extern const CmdOption cmd_bus_bridge_options[];
CmdExit cmd_bus_bridge_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_deliver_options[];
CmdExit cmd_bus_deliver_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_notify_options[];
CmdExit cmd_bus_notify_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_webhook_options[];
CmdExit cmd_bus_webhook_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
extern const CmdOption cmd_bus_check_proof_options[];
CmdExit cmd_bus_check_proof_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_export_options[];
CmdExit cmd_bus_export_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_grant_options[];
CmdExit cmd_bus_grant_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_import_options[];
CmdExit cmd_bus_import_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_key_options[];
CmdExit cmd_bus_key_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_prove_options[];
CmdExit cmd_bus_prove_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_publish_options[];
CmdExit cmd_bus_publish_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_schema_options[];
CmdExit cmd_bus_schema_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_retention_options[];
CmdExit cmd_bus_retention_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_search_options[];
CmdExit cmd_bus_search_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_show_options[];
CmdExit cmd_bus_show_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_subscriptions_options[];
CmdExit cmd_bus_subscriptions_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_tail_options[];
CmdExit cmd_bus_tail_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_bus_verify_options[];
CmdExit cmd_bus_verify_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_compose_options[];
CmdExit cmd_compose_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_lock_options[];
CmdExit cmd_lock_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

CmdExit cmd_manifest_check_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

CmdExit cmd_manifest_schema_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_manifest_show_options[];
CmdExit cmd_manifest_show_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_image_options[];
CmdExit cmd_image_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_serve_options[];
CmdExit cmd_serve_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_token_add_options[];
CmdExit cmd_token_add_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_token_list_options[];
CmdExit cmd_token_list_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_token_remove_options[];
CmdExit cmd_token_remove_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_licences_options[];
CmdExit cmd_licences_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_sbom_options[];
CmdExit cmd_sbom_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_audit_options[];
CmdExit cmd_audit_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_diff_options[];
CmdExit cmd_diff_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_size_options[];
CmdExit cmd_size_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

extern const CmdOption cmd_verify_options[];
CmdExit cmd_verify_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

G_END_DECLS
