/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a command line by the option table of its command. Knows no command: everything
 * comes from the CmdCommand row.
 */
#include "cmd/args.h"

#include "base/nearest.h"
#include "cmd/error.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

struct _CmdArgs {
    const CmdCommand *command;
    GHashTable *values; /* option name (borrowed) → GPtrArray of strings; switches: empty array */
    GPtrArray *operands;
    bool as_root;
};

static const CmdOption help_option = {.name = "help", .letter = 'h', .help = "show this help"};

static const CmdOption *find_long(const CmdCommand *command, const char *name)
{
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0)
            return o;
    }
    return strcmp(name, help_option.name) == 0 ? &help_option : NULL;
}

static const CmdOption *find_letter(const CmdCommand *command, char letter)
{
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        if (o->letter == letter)
            return o;
    }
    return letter == help_option.letter ? &help_option : NULL;
}

static bool set_unknown_long(const CmdCommand *command, const char *name, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++)
        g_ptr_array_add(known, (gpointer)o->name);
    g_ptr_array_add(known, (gpointer)help_option.name);
    g_ptr_array_add(known, NULL);
    const char *nearest = base_nearest_name(name, (const char *const *)known->pdata);
    if (nearest != NULL)
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "unknown option ‘--%s’; did you mean ‘--%s’?", name, nearest);
    else
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "unknown option ‘--%s’", name);
    return false;
}

/* @value is NULL for a switch. */
static bool store(CmdArgs *self, const CmdOption *option, const char *value, GError **error)
{
    GPtrArray *values = g_hash_table_lookup(self->values, option->name);
    if (values == NULL) {
        values = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(values, NULL);
        g_hash_table_insert(self->values, (gpointer)option->name, values);
    } else if (value != NULL && !option->repeatable) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "option ‘--%s’ is given twice",
                    option->name);
        return false;
    }
    if (value != NULL)
        g_ptr_array_insert(values, (int)values->len - 1, g_strdup(value));
    return true;
}

static bool take_argument(CmdArgs *self, const CmdOption *option, const char *const *words,
                          size_t *index, GError **error)
{
    const char *value = words[*index + 1];
    if (value == NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "option ‘--%s’ needs its argument %s",
                    option->name, option->metavar);
        return false;
    }
    (*index)++;
    return store(self, option, value, error);
}

static bool parse_long(CmdArgs *self, const char *const *words, size_t *index, GError **error)
{
    const char *word = words[*index] + 2;
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals == NULL ? g_strdup(word) : g_strndup(word, equals - word);
    const CmdOption *option = find_long(self->command, name);
    if (option == NULL)
        return set_unknown_long(self->command, name, error);
    if (option->metavar == NULL && equals != NULL) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "option ‘--%s’ takes no argument", name);
        return false;
    }
    if (option->metavar == NULL)
        return store(self, option, NULL, error);
    if (equals != NULL)
        return store(self, option, equals + 1, error);
    return take_argument(self, option, words, index, error);
}

static bool parse_letters(CmdArgs *self, const char *const *words, size_t *index, GError **error)
{
    for (const char *p = words[*index] + 1; *p != '\0'; p++) {
        const CmdOption *option = find_letter(self->command, *p);
        if (option == NULL) {
            const char *end = g_utf8_find_next_char(p, NULL);
            g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "unknown option ‘-%.*s’", (int)(end - p),
                        p);
            return false;
        }
        if (option->metavar != NULL) {
            if (p[1] != '\0')
                return store(self, option, p + 1, error);
            return take_argument(self, option, words, index, error);
        }
        if (!store(self, option, NULL, error))
            return false;
    }
    return true;
}

static bool parse_words(CmdArgs *self, const char *const *words, GError **error)
{
    bool only_operands = false;
    for (size_t i = 0; words[i] != NULL; i++) {
        const char *word = words[i];
        bool fine = true;
        if (only_operands || word[0] != '-' || word[1] == '\0')
            g_ptr_array_insert(self->operands, (int)self->operands->len - 1, g_strdup(word));
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else if (word[1] == '-')
            fine = parse_long(self, words, &i, error);
        else
            fine = parse_letters(self, words, &i, error);
        if (!fine)
            return false;
    }
    return true;
}

static bool check_operands(const CmdArgs *self, GError **error)
{
    size_t given = self->operands->len - 1;
    size_t least = 0;
    size_t most = 0;
    const char *spec = self->command->operands == NULL ? "" : self->command->operands;
    g_auto(GStrv) names = g_strsplit(spec, " ", 0);
    for (size_t i = 0; names[i] != NULL; i++) {
        bool optional = names[i][0] == '[';
        if (!optional && given <= i) {
            g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "%s is missing", names[i]);
            return false;
        }
        least += optional ? 0 : 1;
        most = strstr(names[i], "...") != NULL ? SIZE_MAX : MAX(most, i + 1);
    }
    if (given > most) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "unexpected operand ‘%s’",
                    (const char *)self->operands->pdata[most]);
        return false;
    }
    return given >= least;
}

CmdArgs *cmd_args_parse(const CmdCommand *command, const char *const *words, GError **error)
{
    g_autoptr(CmdArgs) self = g_new0(CmdArgs, 1);
    self->command = command;
    self->as_root = getuid() == 0;
    self->values =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    self->operands = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(self->operands, NULL);
    if (!parse_words(self, words, error))
        return NULL;
    if (!cmd_args_flag(self, "help") && !check_operands(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

void cmd_args_free(CmdArgs *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->values, g_hash_table_unref);
    g_clear_pointer(&self->operands, g_ptr_array_unref);
    g_free(self);
}

bool cmd_args_flag(const CmdArgs *args, const char *name)
{
    g_assert(find_long(args->command, name) != NULL);
    return g_hash_table_contains(args->values, name);
}

const char *const *cmd_args_strings(const CmdArgs *args, const char *name)
{
    static const char *const none[] = {NULL};
    g_assert(find_long(args->command, name) != NULL);
    const GPtrArray *values = g_hash_table_lookup(args->values, name);
    return values == NULL ? none : (const char *const *)values->pdata;
}

const char *cmd_args_string(const CmdArgs *args, const char *name)
{
    const char *const *all = cmd_args_strings(args, name);
    const char *last = NULL;
    for (size_t i = 0; all[i] != NULL; i++)
        last = all[i];
    return last;
}

const char *const *cmd_args_operands(const CmdArgs *args)
{
    return (const char *const *)args->operands->pdata;
}

char *cmd_args_state_dir(const CmdArgs *args)
{
    const char *dir = cmd_args_string(args, "state");
    if (dir == NULL)
        dir = g_getenv("ATOLL_STATE");
    if (dir != NULL && dir[0] != '\0')
        return g_canonicalize_filename(dir, NULL);
    if (args->as_root)
        return g_strdup("/var/lib/atoll");
    return g_build_filename(g_get_user_data_dir(), "atoll", NULL);
}

char *cmd_args_database(const CmdArgs *args)
{
    const char *url = cmd_args_string(args, "database");
    if (url == NULL)
        url = g_getenv("ATOLL_DATABASE");
    if (url != NULL && url[0] != '\0')
        return g_strdup(url);
    g_autofree char *state = cmd_args_state_dir(args);
    return g_build_filename(state, "atoll.db", NULL);
}
