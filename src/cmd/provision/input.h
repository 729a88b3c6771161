/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"
#include "provision/config.h"

G_BEGIN_DECLS

/* Options that say how a configuration is looked at. */
#define CMD_PROVISION_OPTIONS_INPUT                                                                \
    {.name = "network-config", .help = "FILE is a network config of its own, not user-data"},      \
        {.name = "fetch", .help = "fetch what the configuration includes"},                        \
    {                                                                                              \
        .name = "root", .metavar = "DIR",                                                          \
        .help = "the root that counts: its accounts, its files, the keys that it trusts"           \
    }

/**
 * cmd_provision_read_file:
 * @path: a file, or "-" for standard input
 * @error: return location
 *
 * Returns: (transfer full): its bytes, of which there are not more than a configuration may have
 */
GBytes *cmd_provision_read_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cmd_provision_read_config:
 * @args: of a command that has %CMD_PROVISION_OPTIONS_INPUT and the operand FILE
 * @report: gets what is to be said of the configuration
 * @cancellable: (nullable)
 * @error: the file cannot be read, or its signature is missing or wrong
 *
 * Reads the configuration FILE as a host would, without doing anything.
 */
ProvisionConfig *cmd_provision_read_config(const CmdArgs *args, ProvisionReport *report,
                                           GCancellable *cancellable,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_provision_report_value: (transfer full): the records of @report as a list for JSON */
ProvisionValue *cmd_provision_report_value(const ProvisionReport *report);

/** cmd_provision_print_report: prints the records of @report, one a line, to standard output */
void cmd_provision_print_report(const ProvisionReport *report);

/** cmd_provision_has: whether @report has a record of @outcome */
bool cmd_provision_has(const ProvisionReport *report, ProvisionOutcome outcome);

G_END_DECLS
