/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of atoll's commands. A new command is one file beside this one, one line in
 * meson.build, its extern in commands.h, its row here.
 */
#include "cmd/commands.h"

const CmdCommand atoll_commands[] = {
    {
        .name = "bus bridge",
        .summary = "Move events to and from AMQP or ZeroMQ until told to stop",
        .operands = "TRANSPORT [URL]",
        .options = cmd_bus_bridge_options,
        .run = cmd_bus_bridge_run,
    },
    {
        .name = "bus deliver",
        .summary = "Tell webhooks and people of events until told to stop",
        .options = cmd_bus_deliver_options,
        .run = cmd_bus_deliver_run,
    },
    {
        .name = "bus notify",
        .summary = "Manage who hears of which events: add, list, remove, mute",
        .operands = "ACTION [NAME]",
        .options = cmd_bus_notify_options,
        .run = cmd_bus_notify_run,
    },
    {
        .name = "bus webhook",
        .summary = "Manage whom to tell by HTTP: add, list, remove, test",
        .operands = "ACTION [URL-OR-NAME]",
        .options = cmd_bus_webhook_options,
        .run = cmd_bus_webhook_run,
    },
    {
        .name = "audit",
        .summary = "List known vulnerabilities of a commit's packages",
        .operands = "REV",
        .options = cmd_audit_options,
        .run = cmd_audit_run,
    },
    {
        .name = "compose",
        .summary = "Compose a tree from a manifest and commit it, signed",
        .operands = "MANIFEST",
        .options = cmd_compose_options,
        .flags = CMD_FLAG_USERNS,
        .run = cmd_compose_run,
    },
    {
        .name = "image",
        .summary = "Make a bootable disk image of a commit",
        .operands = "REF",
        .options = cmd_image_options,
        .flags = CMD_FLAG_USERNS,
        .run = cmd_image_run,
    },
    {
        .name = "lock",
        .summary = "Lock the exact packages that a manifest resolves to",
        .operands = "MANIFEST [PACKAGE]...",
        .options = cmd_lock_options,
        .flags = CMD_FLAG_USERNS,
        .run = cmd_lock_run,
    },
    {
        .name = "licences",
        .summary = "List the licences of a commit's packages, deny some",
        .operands = "REV",
        .options = cmd_licences_options,
        .run = cmd_licences_run,
    },
    {
        .name = "manifest check",
        .summary = "Check a manifest and all that it includes",
        .operands = "FILE",
        .run = cmd_manifest_check_run,
    },
    {
        .name = "manifest schema",
        .summary = "Print the JSON Schema of manifests, for editors",
        .run = cmd_manifest_schema_run,
    },
    {
        .name = "manifest show",
        .summary = "Show what a manifest comes to with all that it includes",
        .operands = "FILE",
        .options = cmd_manifest_show_options,
        .run = cmd_manifest_show_run,
    },
    {
        .name = "sbom",
        .summary = "Print or verify what a commit says it is made of",
        .operands = "REV",
        .options = cmd_sbom_options,
        .run = cmd_sbom_run,
    },
    {
        .name = "serve",
        .summary = "Serve the published repository and the event log over HTTP",
        .options = cmd_serve_options,
        .run = cmd_serve_run,
    },
    {
        .name = "token add",
        .summary = "Make a token that may publish events over HTTP",
        .operands = "ACTOR",
        .options = cmd_token_add_options,
        .run = cmd_token_add_run,
    },
    {
        .name = "token list",
        .summary = "List the tokens that may publish events over HTTP",
        .options = cmd_token_list_options,
        .run = cmd_token_list_run,
    },
    {
        .name = "token remove",
        .summary = "End a token",
        .operands = "ID",
        .options = cmd_token_remove_options,
        .run = cmd_token_remove_run,
    },
    {0},
};
