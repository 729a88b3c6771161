/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"
#include "tree/inspect.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** CMD_OPTION_REPO: of the commands that look at a commit, beside CMD_OPTION_STATE */
#define CMD_OPTION_REPO                                                                            \
    {                                                                                              \
        .name = "repo", .metavar = "DIR",                                                          \
        .help = "repository to look into (default: the state directory's)"                         \
    }

/** cmd_inspect_open: (transfer full): the commit @rev of --repo or --state */
TreeInspect *cmd_inspect_open(const CmdArgs *args, const char *rev,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_inspect_member: adds member @name with the text @value (nullable) */
void cmd_inspect_member(JsonBuilder *json, const char *name, const char *value);

/** cmd_inspect_number: adds member @name with the number @value */
void cmd_inspect_number(JsonBuilder *json, const char *name, int64_t value);

/** cmd_inspect_print: prints what was built, and a newline */
void cmd_inspect_print(JsonBuilder *json);

G_END_DECLS
