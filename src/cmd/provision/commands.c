/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of atoll-provision's commands. A new command is one file beside this one, one line
 * in ../meson.build, its extern in commands.h, its row here, a page in man/.
 */
#include "cmd/provision/commands.h"

const CmdCommand atoll_provision_commands[] = {
    {
        .name = "validate",
        .summary = "Check a configuration: syntax, keys, types",
        .operands = "FILE",
        .options = cmd_provision_validate_options,
        .run = cmd_provision_validate_run,
    },
    {
        .name = "plan",
        .summary = "Show what a configuration would change",
        .operands = "FILE",
        .options = cmd_provision_plan_options,
        .run = cmd_provision_plan_run,
    },
    {
        .name = "schema",
        .summary = "Print the JSON schema of cloud-config",
        .options = cmd_provision_schema_options,
        .run = cmd_provision_schema_run,
    },
    {
        .name = "sign",
        .summary = "Sign a configuration for images that trust the key",
        .operands = "FILE",
        .options = cmd_provision_sign_options,
        .run = cmd_provision_sign_run,
    },
    {
        .name = "identify",
        .summary = "Show which platform this is, and by what it is known",
        .options = cmd_provision_identify_options,
        .run = cmd_provision_identify_run,
    },
    {
        .name = "fetch",
        .summary = "Read what the platform has for this host",
        .options = cmd_provision_fetch_options,
        .run = cmd_provision_fetch_run,
    },
    {
        .name = "boot",
        .summary = "Find this host's configuration while it boots",
        .operands = "STEP",
        .options = cmd_provision_boot_options,
        .run = cmd_provision_boot_run,
    },
    {
        .name = "network",
        .summary = "Show a network configuration as systemd-networkd's files",
        .operands = "FILE",
        .options = cmd_provision_network_options,
        .run = cmd_provision_network_run,
    },
    {
        .name = "apply",
        .summary = "Set this host up, or a root: one stage of a boot, or all",
        .options = cmd_provision_apply_options,
        .run = cmd_provision_apply_run,
    },
    {
        .name = "status",
        .summary = "Show whether first boot is over, and how it went",
        .options = cmd_provision_status_options,
        .run = cmd_provision_status_run,
    },
    {
        .name = "query",
        .summary = "Print instance data",
        .operands = "[NAME]",
        .options = cmd_provision_query_options,
        .run = cmd_provision_query_run,
    },
    {
        .name = "list",
        .summary = "List what was made and changed",
        .options = cmd_provision_list_options,
        .run = cmd_provision_list_run,
    },
    {
        .name = "revert",
        .summary = "Undo what was made and changed",
        .options = cmd_provision_revert_options,
        .run = cmd_provision_revert_run,
    },
    {
        .name = "clean",
        .summary = "Make the next boot a first boot",
        .options = cmd_provision_clean_options,
        .run = cmd_provision_clean_run,
    },
    {
        .name = "convert",
        .summary = "Convert cloud-config or Butane to Ignition",
        .operands = "FILE",
        .options = cmd_provision_convert_options,
        .run = cmd_provision_convert_run,
    },
    {
        .name = "initramfs",
        .summary = "Run a stage of first boot before the real root",
        .options = cmd_provision_initramfs_options,
        .run = cmd_provision_initramfs_run,
    },
    {0},
};
