/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Completion scripts out of the command table, one function per shell. Operands and the
 * arguments of options complete as file names.
 */
#include "cmd/completion.h"

#include "cmd/error.h"

#include <string.h>

/* "atoll-host" → "_atoll_host", a function's name in every shell. */
static char *function_name(const CmdProgram *program)
{
    char *name = g_strconcat("_", program->name, NULL);
    g_strdelimit(name, "-.", '_');
    return name;
}

static char *joined_words(const CmdProgram *program, const char *group)
{
    g_autoptr(GPtrArray) words = cmd_program_words(program, group);
    return g_strjoinv(" ", (char **)words->pdata);
}

static void append_long_options(GString *out, const CmdCommand *command, bool with_argument)
{
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        if (!with_argument || o->metavar != NULL)
            g_string_append_printf(out, "--%s ", o->name);
    }
}

static void append_bash_groups(GString *out, const CmdProgram *program)
{
    g_autoptr(GPtrArray) words = cmd_program_words(program, NULL);
    for (size_t i = 0; words->pdata[i] != NULL; i++) {
        if (!cmd_program_is_group(program, words->pdata[i]))
            continue;
        g_autofree char *seconds = joined_words(program, words->pdata[i]);
        g_string_append_printf(out, "        '%s') words='%s' ;;\n", (const char *)words->pdata[i],
                               seconds);
    }
}

static char *print_bash(const CmdProgram *program)
{
    GString *out = g_string_new(NULL);
    g_autofree char *function = function_name(program);
    g_autofree char *firsts = joined_words(program, NULL);
    g_string_append_printf(
        out,
        "# bash completion of %s; load: source <(%s completion bash)\n"
        "%s()\n{\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local key='' words='%s' options='--help --version' valued='' i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        [[ ${COMP_WORDS[i]} == -* ]] || key+=\"${key:+ }${COMP_WORDS[i]}\"\n"
        "    done\n"
        "    COMPREPLY=()\n"
        "    case \"$key\" in\n"
        "        '') ;;\n",
        program->name, program->name, function, firsts);
    append_bash_groups(out, program);
    g_string_append_printf(out,
                           "        'completion') words='bash zsh fish' ;;\n"
                           "        'help') words='%s' ;;\n",
                           firsts);
    for (const CmdCommand *c = program->commands; c->name != NULL; c++) {
        g_string_append_printf(out, "        '%s'|'%s '*) words='' options='", c->name, c->name);
        append_long_options(out, c, false);
        g_string_append(out, "--help' valued=' ");
        append_long_options(out, c, true);
        g_string_append(out, "' ;;\n");
    }
    g_string_append_printf(out,
                           "        *) words='' ;;\n"
                           "    esac\n"
                           "    if [[ $valued == *\" $prev \"* ]]; then\n"
                           "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                           "    elif [[ $cur == -* ]]; then\n"
                           "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
                           "    elif [[ -n $words ]]; then\n"
                           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                           "    else\n"
                           "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                           "    fi\n"
                           "}\n"
                           "complete -o filenames -F %s %s\n",
                           function, program->name);
    return g_string_free(out, FALSE);
}

/* For use between single quotes; @special are further characters that want a backslash. */
static char *quoted(const char *text, const char *special)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'') {
            g_string_append(out, "'\\''");
            continue;
        }
        if (strchr(special, *p) != NULL)
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

static void append_zsh_words(GString *out, const CmdProgram *program, const char *group)
{
    g_autoptr(GPtrArray) words = cmd_program_words(program, group);
    for (size_t i = 0; words->pdata[i] != NULL; i++)
        g_string_append_printf(out, " '%s'", (const char *)words->pdata[i]);
}

static void append_zsh_command(GString *out, const CmdCommand *command, size_t skip)
{
    g_string_append_printf(out, "        shift %zu words; (( CURRENT -= %zu ))\n        _arguments",
                           skip, skip);
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        g_autofree char *help = quoted(o->help, "[]:\\");
        const char *many = o->repeatable ? "*" : "";
        if (o->metavar != NULL)
            g_string_append_printf(out, " \\\n            '%s--%s=[%s]:%s:_files'", many, o->name,
                                   help, o->metavar);
        else
            g_string_append_printf(out, " \\\n            '%s--%s[%s]'", many, o->name, help);
    }
    g_string_append(out, " \\\n            '--help[show help]' '*:file:_files' ;;\n");
}

static char *print_zsh(const CmdProgram *program)
{
    GString *out = g_string_new(NULL);
    g_autofree char *function = function_name(program);
    g_string_append_printf(out,
                           "#compdef %s\n"
                           "# zsh completion of %s; save as _%s in a folder of $fpath\n"
                           "%s()\n{\n"
                           "    if (( CURRENT == 2 )); then\n"
                           "        compadd -- --help --version",
                           program->name, program->name, program->name, function);
    append_zsh_words(out, program, NULL);
    g_string_append(out, "\n        return\n    fi\n    case \"$words[2] $words[3] \" in\n"
                         "    'completion '*) compadd -- bash zsh fish ;;\n");
    for (const CmdCommand *c = program->commands; c->name != NULL; c++) {
        g_string_append_printf(out, "    '%s '*)\n", c->name);
        append_zsh_command(out, c, strchr(c->name, ' ') == NULL ? 1 : 2);
    }
    g_autoptr(GPtrArray) words = cmd_program_words(program, NULL);
    for (size_t i = 0; words->pdata[i] != NULL; i++) {
        if (!cmd_program_is_group(program, words->pdata[i]))
            continue;
        g_string_append_printf(out, "    '%s '*) compadd --", (const char *)words->pdata[i]);
        append_zsh_words(out, program, words->pdata[i]);
        g_string_append(out, " ;;\n");
    }
    g_string_append_printf(out, "    'help '*) compadd --");
    append_zsh_words(out, program, NULL);
    g_string_append_printf(out, " ;;\n    esac\n}\ncompdef %s %s\n", function, program->name);
    return g_string_free(out, FALSE);
}

/* The condition that @name's words have been typed. */
static char *fish_seen(const char *name)
{
    g_auto(GStrv) words = g_strsplit(name, " ", 0);
    g_autofree char *first = g_strconcat("__fish_seen_subcommand_from ", words[0], NULL);
    if (words[1] == NULL)
        return g_steal_pointer(&first);
    return g_strdup_printf("%s; and __fish_seen_subcommand_from %s", first, words[1]);
}

static void append_fish_command(GString *out, const CmdProgram *program, const CmdCommand *command)
{
    g_autofree char *seen = fish_seen(command->name);
    for (const CmdOption *o = command->options; o != NULL && o->name != NULL; o++) {
        g_autofree char *help = quoted(o->help, "\\");
        g_string_append_printf(out, "complete -c %s -n '%s' -l %s", program->name, seen, o->name);
        if (o->letter != 0)
            g_string_append_printf(out, " -s %c", o->letter);
        g_string_append_printf(out, "%s -d '%s' # --%s\n", o->metavar == NULL ? "" : " -r", help,
                               o->name);
    }
    const char *space = strchr(command->name, ' ');
    g_autofree char *summary = quoted(command->summary, "\\");
    g_autofree char *group =
        g_strndup(command->name, space == NULL ? 0 : (size_t)(space - command->name));
    if (space != NULL)
        g_string_append_printf(out,
                               "complete -c %s -f -n '__fish_seen_subcommand_from %s; and "
                               "not __fish_seen_subcommand_from %s' -a %s -d '%s'\n",
                               program->name, group, space + 1, space + 1, summary);
    else
        g_string_append_printf(out, "complete -c %s -f -n __fish_use_subcommand -a %s -d '%s'\n",
                               program->name, command->name, summary);
}

static char *print_fish(const CmdProgram *program)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "# fish completion of %s; load: %s completion fish | source\n",
                           program->name, program->name);
    g_autoptr(GPtrArray) words = cmd_program_words(program, NULL);
    for (size_t i = 0; words->pdata[i] != NULL; i++) {
        const char *word = words->pdata[i];
        if (cmd_program_is_group(program, word) || strcmp(word, "help") == 0 ||
            strcmp(word, "completion") == 0)
            g_string_append_printf(out, "complete -c %s -f -n __fish_use_subcommand -a %s\n",
                                   program->name, word);
    }
    for (const CmdCommand *c = program->commands; c->name != NULL; c++)
        append_fish_command(out, program, c);
    g_string_append_printf(out,
                           "complete -c %s -f -n '__fish_seen_subcommand_from completion' "
                           "-a 'bash zsh fish'\n"
                           "complete -c %s -l help -d 'show help'\n",
                           program->name, program->name);
    return g_string_free(out, FALSE);
}

char *cmd_completion_print(const CmdProgram *program, const char *shell, GError **error)
{
    if (strcmp(shell, "bash") == 0)
        return print_bash(program);
    if (strcmp(shell, "zsh") == 0)
        return print_zsh(program);
    if (strcmp(shell, "fish") == 0)
        return print_fish(program);
    g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                "no completion for shell ‘%s’; there is one for bash, zsh and fish", shell);
    return NULL;
}
