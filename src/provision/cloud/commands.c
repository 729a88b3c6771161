/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * bootcmd, runcmd, and what else runs programs. As in cloud-init all commands of a key are one
 * shell script, so that “cd” lasts; a list is a command whose words are quoted.
 */
#include "provision/cloud/read.h"

#include <string.h>

static void append_quoted(GString *script, const char *word)
{
    g_string_append_c(script, '\'');
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '\'')
            g_string_append(script, "'\\''");
        else
            g_string_append_c(script, *p);
    }
    g_string_append_c(script, '\'');
}

static void append_command(ProvisionCloud *cloud, GString *script, const ProvisionValue *item)
{
    if (item->kind == PROVISION_VALUE_NULL)
        return;
    if (item->kind != PROVISION_VALUE_LIST) {
        g_autofree char *line = provision_cloud_text(cloud, item);
        if (line != NULL)
            g_string_append_printf(script, "%s\n", line);
        return;
    }
    g_auto(GStrv) words = provision_cloud_texts(cloud, item);
    for (unsigned i = 0; words[i] != NULL; i++) {
        g_string_append(script, i > 0 ? " " : "");
        append_quoted(script, words[i]);
    }
    g_string_append_c(script, '\n');
}

void provision_cloud_read_commands(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target)
{
    const ProvisionValue *list = member->value;
    bool boot = strcmp(member->name, "bootcmd") == 0;
    (void)target;
    if (list->kind == PROVISION_VALUE_NULL)
        return;
    if (list->kind != PROVISION_VALUE_LIST) {
        provision_cloud_fail(cloud, &list->at, "must be a list of commands, not %s",
                             provision_value_kind_name(list->kind));
        return;
    }
    g_autoptr(GString) script = g_string_new("#!/bin/sh\n");
    for (guint i = 0; i < list->items->len; i++)
        append_command(cloud, script, list->items->pdata[i]);
    ProvisionCommand *command =
        provision_command_new(&member->at, boot ? PROVISION_STAGE_NETWORK : PROVISION_STAGE_FINAL,
                              boot ? PROVISION_ALWAYS : PROVISION_PER_INSTANCE);
    command->name = g_strdup(member->name);
    command->script = g_string_free_to_bytes(g_steal_pointer(&script));
    g_ptr_array_add(cloud->plan->commands, command);
}

/* true: always; false: never; a text: a shell command; a list: a program. */
void provision_cloud_read_power_condition(ProvisionCloud *cloud, const ProvisionMember *member,
                                          gpointer target)
{
    ProvisionSettings *settings = target;
    const ProvisionValue *value = member->value;
    if (settings->power_condition != NULL || value->kind == PROVISION_VALUE_NULL)
        return;
    ProvisionCommand *command =
        provision_command_new(&member->at, PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE);
    command->name = g_strdup("power_state.condition");
    if (value->kind == PROVISION_VALUE_LIST) {
        command->argv = provision_cloud_texts(cloud, value);
    } else {
        g_autofree char *text = value->kind == PROVISION_VALUE_BOOL
                                    ? g_strdup(value->boolean ? "true" : "false")
                                    : provision_cloud_text(cloud, value);
        const char *line = text == NULL ? "false" : text;
        command->script = g_bytes_new(line, strlen(line));
    }
    settings->power_condition = command;
}

/* {all: "> FILE", init: [OUT, ERR], final: {output: OUT, error: ERR}} → "STAGE=OUT",
 * "STAGE.error=ERR" */
void provision_cloud_read_output(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target)
{
    static const char *const stages[] = {"all", "init", "config", "final", NULL};
    ProvisionTexts *output = target;
    const ProvisionValue *map = member->value;
    if (map->kind == PROVISION_VALUE_NULL)
        return;
    if (map->kind != PROVISION_VALUE_MAP) {
        provision_cloud_fail(cloud, &map->at, "must be a mapping of stages, not %s",
                             provision_value_kind_name(map->kind));
        return;
    }
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *stage = map->members->pdata[i];
        const ProvisionValue *out = stage->value;
        const ProvisionValue *err = NULL;
        if (!g_strv_contains(stages, stage->name)) {
            provision_report_add(cloud->report, &stage->at, PROVISION_UNKNOWN,
                                 "unknown stage: there are all, init, config and final");
            continue;
        }
        if (out->kind == PROVISION_VALUE_LIST) {
            err = out->items->len > 1 ? out->items->pdata[1] : NULL;
            out = out->items->len > 0 ? out->items->pdata[0] : NULL;
        } else if (out->kind == PROVISION_VALUE_MAP) {
            err = provision_value_find(out, "error");
            out = provision_value_find(out, "output");
        }
        const ProvisionValue *const both[] = {out, err};
        for (size_t b = 0; b < G_N_ELEMENTS(both); b++) {
            g_autofree char *text = both[b] == NULL ? NULL : provision_cloud_text(cloud, both[b]);
            g_autofree char *line =
                g_strdup_printf("%s%s=%s", stage->name, b == 0 ? "" : ".error", text);
            if (text != NULL)
                g_strv_builder_add(builder, line);
        }
    }
    g_strfreev(output->texts);
    output->at = member->at;
    output->texts = g_strv_builder_end(builder);
}
