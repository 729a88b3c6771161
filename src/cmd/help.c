/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Help texts out of the command table: two aligned columns, wrapped at 80.
 */
#include "cmd/help.h"

#include <string.h>

#define HELP_COLUMNS 80
#define HELP_LEFT_MOST 30

/* Appends "  left  right", with @right wrapped and indented to its column. */
static void append_row(GString *out, const char *left, size_t left_width, const char *right)
{
    size_t indent = left_width + 4;
    g_string_append_printf(out, "  %s", left);
    size_t column = 2 + (size_t)g_utf8_strlen(left, -1);
    if (column + 2 > indent) {
        g_string_append_c(out, '\n');
        column = 0;
    }
    g_auto(GStrv) words = g_strsplit(right, " ", 0);
    bool first = true;
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t width = (size_t)g_utf8_strlen(words[i], -1);
        if (!first && column + 1 + width > HELP_COLUMNS) {
            g_string_append_c(out, '\n');
            column = 0;
            first = true;
        }
        if (first) {
            g_string_append_printf(out, "%*s", (int)(indent - column), "");
            column = indent;
        } else {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, words[i]);
        column += width;
        first = false;
    }
    g_string_append_c(out, '\n');
}

static char *option_left(const CmdOption *option)
{
    GString *text = g_string_new(NULL);
    if (option->letter != 0)
        g_string_append_printf(text, "-%c, ", option->letter);
    else
        g_string_append(text, "    ");
    g_string_append_printf(text, "--%s", option->name);
    if (option->metavar != NULL)
        g_string_append_printf(text, "=%s", option->metavar);
    return g_string_free(text, FALSE);
}

static size_t fit(size_t width, const char *text)
{
    size_t own = (size_t)g_utf8_strlen(text, -1);
    return own > HELP_LEFT_MOST ? width : MAX(width, own);
}

char *cmd_help_program(const CmdProgram *program)
{
    static const char *const completion = "completion SHELL";
    static const char *const help = "help [COMMAND]";
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Usage: %s COMMAND [OPTION...] [OPERAND...]\n\n%s.\n\nCommands:\n",
                           program->name, program->summary);
    size_t width = fit(0, completion);
    for (const CmdCommand *c = program->commands; c->name != NULL; c++)
        width = fit(width, c->name);
    for (const CmdCommand *c = program->commands; c->name != NULL; c++)
        append_row(out, c->name, width, c->summary);
    append_row(out, help, width, "explain a command");
    append_row(out, completion, width, "print the completion for bash, zsh or fish");
    g_string_append(out, "\nOptions:\n");
    append_row(out, "-h, --help", width, "show this help");
    append_row(out, "--version", width, "show the version");
    g_string_append_printf(out,
                           "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.\n"
                           "See '%s help COMMAND' or man %s.\n",
                           program->name, program->name);
    return g_string_free(out, FALSE);
}

char *cmd_help_command(const CmdProgram *program, const CmdCommand *command)
{
    static const CmdOption help = {.name = "help", .letter = 'h', .help = "show this help"};
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Usage: %s %s [OPTION...]%s%s\n\n%c%s.\n\nOptions:\n",
                           program->name, command->name, command->operands == NULL ? "" : " ",
                           command->operands == NULL ? "" : command->operands,
                           g_ascii_toupper(command->summary[0]), command->summary + 1);
    size_t width = strlen("-h, --help");
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        g_autofree char *left = option_left(o);
        width = fit(width, left);
    }
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        g_autofree char *left = option_left(o);
        g_autofree char *text =
            g_strconcat(o->help, o->repeatable ? " (may be given more than once)" : "", NULL);
        append_row(out, left, width, text);
    }
    g_autofree char *left = option_left(&help);
    append_row(out, left, width, help.help);
    if ((command->flags & CMD_FLAG_ROOT) != 0)
        g_string_append(out, "\nThis command needs root.\n");
    return g_string_free(out, FALSE);
}

static void append_json_string(GString *out, const char *key, const char *text)
{
    g_string_append_printf(out, "\"%s\": ", key);
    if (text == NULL) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}

static void append_json_option(GString *out, const CmdOption *option)
{
    const char letter[2] = {option->letter, '\0'};
    g_string_append(out, "{");
    append_json_string(out, "name", option->name);
    g_string_append(out, ", ");
    append_json_string(out, "letter", option->letter == 0 ? NULL : letter);
    g_string_append(out, ", ");
    append_json_string(out, "metavar", option->metavar);
    g_string_append(out, ", ");
    append_json_string(out, "help", option->help);
    g_string_append_printf(out, ", \"repeatable\": %s}", option->repeatable ? "true" : "false");
}

static void append_json_command(GString *out, const CmdCommand *command)
{
    g_string_append(out, "  {");
    append_json_string(out, "name", command->name);
    g_string_append(out, ", ");
    append_json_string(out, "summary", command->summary);
    g_string_append(out, ", ");
    append_json_string(out, "operands", command->operands);
    g_string_append(out, ", \"options\": [");
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        if (o != command->options)
            g_string_append(out, ", ");
        append_json_option(out, o);
    }
    g_string_append(out, "]}");
}

char *cmd_help_json(const CmdProgram *program)
{
    GString *out = g_string_new("[\n");
    for (const CmdCommand *c = program->commands; c->name != NULL; c++) {
        if (c != program->commands)
            g_string_append(out, ",\n");
        append_json_command(out, c);
    }
    g_string_append(out, "\n]\n");
    return g_string_free(out, FALSE);
}
