/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Aligned columns for terminals of 80 columns. Widths count characters, not bytes.
 */
#include "cmd/table.h"

#define TABLE_COLUMNS 80
#define TABLE_GAP 2
#define TABLE_LEAST_WIDTH 8

struct _CmdTable {
    const CmdColumn *columns; /* borrowed from the caller's constants */
    size_t n_columns;
    GPtrArray *rows; /* of GStrv */
};

CmdTable *cmd_table_new(const CmdColumn *columns)
{
    CmdTable *self = g_new0(CmdTable, 1);
    self->columns = columns;
    while (columns[self->n_columns].title != NULL)
        self->n_columns++;
    self->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    return self;
}

void cmd_table_free(CmdTable *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->rows);
    g_free(self);
}

void cmd_table_add(CmdTable *self, const char *const *cells)
{
    char **row = g_new0(char *, self->n_columns + 1);
    for (size_t i = 0; i < self->n_columns; i++)
        row[i] = g_utf8_make_valid(cells[i] == NULL ? "" : cells[i], -1);
    g_ptr_array_add(self->rows, row);
}

static size_t *measure(const CmdTable *self)
{
    size_t *widths = g_new0(size_t, self->n_columns);
    size_t total = 0;
    for (size_t c = 0; c < self->n_columns; c++) {
        widths[c] = (size_t)g_utf8_strlen(self->columns[c].title, -1);
        for (size_t r = 0; r < self->rows->len; r++) {
            char **row = self->rows->pdata[r];
            widths[c] = MAX(widths[c], (size_t)g_utf8_strlen(row[c], -1));
        }
        total += widths[c] + (c == 0 ? 0 : TABLE_GAP);
    }
    while (total > TABLE_COLUMNS) {
        size_t widest = 0;
        for (size_t c = 1; c < self->n_columns; c++) {
            if (widths[c] > widths[widest])
                widest = c;
        }
        if (widths[widest] <= TABLE_LEAST_WIDTH)
            break;
        widths[widest]--;
        total--;
    }
    return widths;
}

static void append_cell(GString *out, const char *text, size_t width, bool number)
{
    g_autofree char *cut = NULL;
    size_t length = (size_t)g_utf8_strlen(text, -1);
    if (length > width) {
        g_autofree char *head = g_utf8_substring(text, 0, (glong)width - 1);
        cut = g_strconcat(head, "…", NULL);
        text = cut;
        length = width;
    }
    int padding = (int)(width - length);
    if (number)
        g_string_append_printf(out, "%*s%s", padding, "", text);
    else
        g_string_append_printf(out, "%s%*s", text, padding, "");
}

static void append_row(GString *out, const CmdTable *self, const char *const *cells,
                       const size_t *widths)
{
    for (size_t c = 0; c < self->n_columns; c++) {
        if (c > 0)
            g_string_append_printf(out, "%*s", TABLE_GAP, "");
        append_cell(out, cells[c], widths[c], self->columns[c].number);
    }
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

char *cmd_table_print(const CmdTable *self)
{
    GString *out = g_string_new(NULL);
    g_autofree size_t *widths = measure(self);
    g_autofree const char **titles = g_new0(const char *, self->n_columns + 1);
    for (size_t c = 0; c < self->n_columns; c++)
        titles[c] = self->columns[c].title;
    append_row(out, self, titles, widths);
    for (size_t r = 0; r < self->rows->len; r++)
        append_row(out, self, self->rows->pdata[r], widths);
    return g_string_free(out, FALSE);
}
