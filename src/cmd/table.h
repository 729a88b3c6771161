/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * CmdColumn:
 * @title: heading; %NULL ends the list
 * @number: aligned to the right
 */
typedef struct {
    const char *title;
    bool number;
} CmdColumn;

/**
 * CmdTable:
 *
 * Rows of text that are printed as aligned columns, at most 80 wide: the widest text column
 * gives way, by an ellipsis.
 */
typedef struct _CmdTable CmdTable;

CmdTable *cmd_table_new(const CmdColumn *columns);
void cmd_table_free(CmdTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdTable, cmd_table_free)

/** cmd_table_add: adds a row, one string a column (%NULL prints empty), all of them copied */
void cmd_table_add(CmdTable *self, const char *const *cells);

/** cmd_table_print: (transfer full): heading and rows, each ended by a newline */
char *cmd_table_print(const CmdTable *self);

G_END_DECLS
