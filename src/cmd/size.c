/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll size: where the bytes of a commit are.
 */
#include "cmd/commands.h"

#include "cmd/error.h"
#include "cmd/inspect.h"
#include "cmd/table.h"
#include "tree/sbom-read.h"
#include "tree/sizes.h"

#include <stdio.h>
#include <string.h>

#define ROWS_SHOWN 20
#define BAR_COLUMNS 24

const CmdOption cmd_size_options[] = {
    CMD_OPTION_STATE,
    CMD_OPTION_REPO,
    {.name = "by", .metavar = "WHAT", .help = "package (the default) or folder"},
    {.name = "depth", .metavar = "N", .help = "with --by folder: how many levels (default: 2)"},
    {.name = "all", .help = "every row, not the 20 largest"},
    CMD_OPTION_JSON,
    {0},
};

typedef struct {
    bool by_folder;
    unsigned depth;
} Choice;

static bool parse_choice(const CmdArgs *args, Choice *out_choice, GError **error)
{
    const char *by = cmd_args_string(args, "by");
    const char *depth = cmd_args_string(args, "depth");
    guint64 number = 2;
    if (by != NULL && strcmp(by, "package") != 0 && strcmp(by, "folder") != 0) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "--by: want package or folder, got ‘%s’",
                    by);
        return false;
    }
    if (depth != NULL && !g_ascii_string_to_unsigned(depth, 10, 1, 64, &number, NULL)) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "--depth: want 1 to 64, got ‘%s’", depth);
        return false;
    }
    *out_choice =
        (Choice){.by_folder = by != NULL && strcmp(by, "folder") == 0, .depth = (unsigned)number};
    return true;
}

/* Eighths of a column, so that small rows differ too. */
static char *bar(uint64_t bytes, uint64_t most)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    uint64_t eighths = most > 0 ? bytes * BAR_COLUMNS * 8 / most : 0;
    g_autoptr(GString) out = g_string_new(NULL);
    for (uint64_t i = 0; i < eighths / 8; i++)
        g_string_append(out, "█");
    g_string_append(out, parts[eighths % 8]);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void print_rows(GPtrArray *rows, uint64_t total, const char *title, bool all)
{
    const CmdColumn columns[] = {{title, false},  {"FILES", true}, {"SIZE", true},
                                 {"SHARE", true}, {"", false},     {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    guint n = all ? rows->len : MIN(rows->len, ROWS_SHOWN);
    uint64_t most = rows->len > 0 ? ((const TreeSize *)rows->pdata[0])->bytes : 0;
    for (guint i = 0; i < n; i++) {
        const TreeSize *row = rows->pdata[i];
        g_autofree char *files = g_strdup_printf("%u", row->n_files);
        g_autofree char *size = g_format_size(row->bytes);
        g_autofree char *share =
            g_strdup_printf("%.1f %%", total > 0 ? 100 * (double)row->bytes / (double)total : 0);
        g_autofree char *drawn = bar(row->bytes, most);
        cmd_table_add(table, (const char *const[]){row->name, files, size, share, drawn});
    }
    g_autofree char *text = cmd_table_print(table);
    fputs(text, stdout);
    if (n < rows->len)
        printf("… and %u more (--all)\n", rows->len - n);
}

static void print_text(const TreeSizes *sizes, const Choice *choice, bool all)
{
    print_rows(sizes->rows, sizes->total_bytes, choice->by_folder ? "FOLDER" : "PACKAGE", all);
    g_autofree char *total = g_format_size(sizes->total_bytes);
    printf("\ntotal %s in %u files\n", total, sizes->n_files);
    for (guint i = 0; i < sizes->savings->len; i++) {
        const TreeSize *saving = sizes->savings->pdata[i];
        if (saving->n_files == 0)
            continue;
        g_autofree char *size = g_format_size(saving->bytes);
        printf("%s would save %s in %u files\n", saving->name, size, saving->n_files);
    }
}

static void add_rows(JsonBuilder *json, const char *name, GPtrArray *rows)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (guint i = 0; i < rows->len; i++) {
        const TreeSize *row = rows->pdata[i];
        json_builder_begin_object(json);
        cmd_inspect_member(json, "name", row->name);
        cmd_inspect_number(json, "files", row->n_files);
        cmd_inspect_number(json, "bytes", (int64_t)row->bytes);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void print_json(TreeInspect *commit, const TreeSizes *sizes)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    cmd_inspect_member(json, "commit", tree_inspect_commit(commit));
    cmd_inspect_number(json, "bytes", (int64_t)sizes->total_bytes);
    cmd_inspect_number(json, "files", sizes->n_files);
    add_rows(json, "rows", sizes->rows);
    add_rows(json, "savings", sizes->savings);
    json_builder_end_object(json);
    cmd_inspect_print(json);
}

static GHashTable *load_owners(TreeInspect *commit, GError **error)
{
    g_autoptr(GBytes) sbom = tree_inspect_sbom(commit, error);
    if (sbom == NULL) {
        g_prefix_error(error, "which file is of which package is not known (--by folder works): ");
        return NULL;
    }
    return tree_sbom_read_owners(g_bytes_get_data(sbom, NULL), g_bytes_get_size(sbom), error);
}

CmdExit cmd_size_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    Choice choice = {0};
    if (!parse_choice(args, &choice, error))
        return CMD_EXIT_USAGE;
    g_autoptr(TreeInspect) commit = cmd_inspect_open(args, cmd_args_operands(args)[0], error);
    StoreNode *tree = commit != NULL ? tree_inspect_tree(commit, error) : NULL;
    if (tree == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(GHashTable) owners = choice.by_folder ? NULL : load_owners(commit, error);
    if (!choice.by_folder && owners == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(TreeSizes) sizes = tree_sizes_new(tree, owners, choice.depth);
    if (cmd_args_flag(args, "json"))
        print_json(commit, sizes);
    else
        print_text(sizes, &choice, cmd_args_flag(args, "all"));
    return CMD_EXIT_DONE;
}
