/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision status, with the words and exit statuses of “cloud-init status”.
 */
#include "cmd/provision/commands.h"

#include "provision/state/results.h"

#include <stdio.h>
#include <string.h>

#define WAIT_US 250000

const CmdOption cmd_provision_status_options[] = {
    {.name = "wait", .letter = 'w', .help = "wait until it is done"},
    {.name = "long", .letter = 'l', .help = "show what came of every key"},
    {.name = "root", .metavar = "DIR", .help = "look at this root (default: the running system)"},
    {.name = "format", .metavar = "FORMAT", .help = "tabular or json, as cloud-init has it"},
    CMD_OPTION_JSON,
    {0},
};

static const char *text_of(const ProvisionValue *map, const char *name)
{
    const ProvisionValue *value = map != NULL ? provision_value_find(map, name) : NULL;
    return value != NULL && value->text != NULL ? value->text : "";
}

static bool is_over(ProvisionStatus status)
{
    return status != PROVISION_STATUS_NOT_RUN && status != PROVISION_STATUS_RUNNING;
}

static ProvisionStatus wait_for(ProvisionRoot *root, bool wait, ProvisionValue **out_result,
                                GCancellable *cancellable)
{
    ProvisionStatus status = provision_status_read(root, out_result);
    bool dots = false;
    while (wait && !is_over(status) && !g_cancellable_is_cancelled(cancellable)) {
        (void)fputc('.', stdout);
        (void)fflush(stdout);
        dots = true;
        g_usleep(WAIT_US);
        g_clear_pointer(out_result, provision_value_unref);
        status = provision_status_read(root, out_result);
    }
    if (dots)
        (void)fputc('\n', stdout);
    return status;
}

static void print_records(const ProvisionValue *result)
{
    const ProvisionValue *records = result != NULL ? provision_value_find(result, "records") : NULL;
    if (result != NULL)
        (void)printf("platform: %s\ninstance: %s\n", text_of(result, "platform"),
                     text_of(result, "instance_id"));
    for (guint i = 0; records != NULL && records->items != NULL && i < records->items->len; i++) {
        const ProvisionValue *record = records->items->pdata[i];
        g_autofree char *place =
            text_of(record, "line")[0] != '\0'
                ? g_strdup_printf(" (%s:%s:%s)", text_of(record, "source"), text_of(record, "line"),
                                  text_of(record, "column"))
                : g_strdup("");
        const char *message = text_of(record, "message");
        (void)printf("%-15s %s%s%s%s\n", text_of(record, "outcome"), text_of(record, "key"), place,
                     message[0] != '\0' ? ": " : "", message);
    }
}

static void print_json(ProvisionStatus status, const ProvisionValue *result)
{
    static const ProvisionPlace nowhere = {.source = "status"};
    g_autoptr(ProvisionValue) map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    ProvisionValue *errors = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    const ProvisionValue *records = result != NULL ? provision_value_find(result, "records") : NULL;
    for (guint i = 0; records != NULL && records->items != NULL && i < records->items->len; i++) {
        const ProvisionValue *record = records->items->pdata[i];
        g_autofree char *line =
            g_strdup_printf("%s: %s", text_of(record, "key"), text_of(record, "message"));
        if (strcmp(text_of(record, "outcome"), "failed") == 0)
            provision_value_take_item(errors, provision_value_new_string(&nowhere, line));
    }
    provision_value_set_string(map, "status", provision_status_name(status));
    provision_value_set_string(map, "datasource", text_of(result, "platform"));
    provision_value_set_string(map, "instance_id", text_of(result, "instance_id"));
    provision_value_take_member(map, "errors", &nowhere, errors);
    if (records != NULL)
        provision_value_take_member(map, "records", &nowhere,
                                    provision_value_ref((ProvisionValue *)records));
    g_autofree char *text = provision_value_print(map);
    (void)printf("%s\n", text);
}

CmdExit cmd_provision_status_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(ProvisionRoot) root = provision_root_open(cmd_args_string(args, "root"), error);
    g_autoptr(ProvisionValue) result = NULL;
    if (root == NULL)
        return CMD_EXIT_FAILED;
    ProvisionStatus status = wait_for(root, cmd_args_flag(args, "wait"), &result, cancellable);
    bool json =
        cmd_args_flag(args, "json") || g_strcmp0(cmd_args_string(args, "format"), "json") == 0;
    if (json)
        print_json(status, result);
    else
        /* cloud-init's users look for “done” whatever was left out */
        (void)printf("status: %s\n",
                     status == PROVISION_STATUS_DEGRADED ? "done" : provision_status_name(status));
    if (!json && status == PROVISION_STATUS_DEGRADED)
        (void)printf("extended_status: degraded done\n");
    if (!json && cmd_args_flag(args, "long"))
        print_records(result);
    return status == PROVISION_STATUS_ERROR      ? CMD_EXIT_FAILED
           : status == PROVISION_STATUS_DEGRADED ? CMD_EXIT_USAGE
                                                 : CMD_EXIT_DONE;
}
