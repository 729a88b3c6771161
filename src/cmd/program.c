/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Look-ups in a program's command table. Names have one word ("compose") or two
 * ("manifest show"); the first of two is called a group here.
 */
#include "cmd/program.h"

#include "base/nearest.h"
#include "cmd/error.h"

#include <string.h>

static const char *second_word(const char *name)
{
    const char *space = strchr(name, ' ');
    return space == NULL ? NULL : space + 1;
}

static bool is_in_group(const char *name, const char *group)
{
    size_t length = strlen(group);
    return strncmp(name, group, length) == 0 && name[length] == ' ';
}

bool cmd_program_is_group(const CmdProgram *program, const char *word)
{
    for (const CmdCommand *c = program->commands; c->name != NULL; c++) {
        if (is_in_group(c->name, word))
            return true;
    }
    return false;
}

static void add_once(GPtrArray *words, const char *word)
{
    const char *interned = g_intern_string(word);
    if (!g_ptr_array_find(words, interned, NULL))
        g_ptr_array_add(words, (gpointer)interned);
}

GPtrArray *cmd_program_words(const CmdProgram *program, const char *group)
{
    GPtrArray *words = g_ptr_array_new();
    for (const CmdCommand *c = program->commands; c->name != NULL; c++) {
        const char *second = second_word(c->name);
        if (group == NULL) {
            g_autofree char *first = g_strndup(c->name, strcspn(c->name, " "));
            add_once(words, first);
        } else if (second != NULL && is_in_group(c->name, group)) {
            add_once(words, second);
        }
    }
    if (group == NULL) {
        add_once(words, "help");
        add_once(words, "completion");
    }
    g_ptr_array_add(words, NULL);
    return words;
}

static const CmdCommand *find_row(const CmdProgram *program, const char *name)
{
    for (const CmdCommand *c = program->commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

static void set_unknown(const CmdProgram *program, const char *group, const char *word,
                        GError **error)
{
    g_autoptr(GPtrArray) known = cmd_program_words(program, group);
    const char *nearest = base_nearest_name(word, (const char *const *)known->pdata);
    g_autofree char *prefix = group == NULL ? g_strdup("") : g_strconcat(group, " ", NULL);
    if (nearest != NULL)
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "unknown command ‘%s%s’; did you mean ‘%s%s’?", prefix, word, prefix, nearest);
    else
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "unknown command ‘%s%s’", prefix, word);
}

static void set_incomplete(const CmdProgram *program, const char *group, GError **error)
{
    g_autoptr(GPtrArray) known = cmd_program_words(program, group);
    g_autofree char *list = g_strjoinv("’, ‘", (char **)known->pdata);
    g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "‘%s’ needs a second word: ‘%s’", group, list);
}

const CmdCommand *cmd_program_find(const CmdProgram *program, const char *const *words,
                                   size_t *out_used, GError **error)
{
    const CmdCommand *row = find_row(program, words[0]);
    if (row != NULL) {
        *out_used = 1;
        return row;
    }
    if (!cmd_program_is_group(program, words[0])) {
        set_unknown(program, NULL, words[0], error);
        return NULL;
    }
    if (words[1] == NULL || words[1][0] == '-') {
        set_incomplete(program, words[0], error);
        return NULL;
    }
    g_autofree char *name = g_strconcat(words[0], " ", words[1], NULL);
    row = find_row(program, name);
    if (row == NULL)
        set_unknown(program, words[0], words[1], error);
    else
        *out_used = 2;
    return row;
}
