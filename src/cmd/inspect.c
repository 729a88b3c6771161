/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the commands that look at commits share.
 */
#include "cmd/inspect.h"

#include <stdio.h>

TreeInspect *cmd_inspect_open(const CmdArgs *args, const char *rev, GError **error)
{
    g_autofree char *state = cmd_args_state_dir(args);
    return tree_inspect_open(state, cmd_args_string(args, "repo"), rev, error);
}

void cmd_inspect_member(JsonBuilder *json, const char *name, const char *value)
{
    json_builder_set_member_name(json, name);
    if (value != NULL)
        json_builder_add_string_value(json, value);
    else
        json_builder_add_null_value(json);
}

void cmd_inspect_number(JsonBuilder *json, const char *name, int64_t value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, value);
}

void cmd_inspect_print(JsonBuilder *json)
{
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}
