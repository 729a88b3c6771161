/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll licences: under which licences a commit's packages are, and whether that is allowed.
 */
#include "cmd/commands.h"

#include "cmd/inspect.h"
#include "cmd/table.h"
#include "packages/licence.h"
#include "tree/sbom-read.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_licences_options[] = {
    CMD_OPTION_STATE,
    CMD_OPTION_REPO,
    {.name = "deny",
     .metavar = "LICENCE",
     .help = "fail when a package cannot do without it; * and ? are wildcards",
     .repeatable = true},
    {.name = "packages", .help = "a package a line, with its whole expression"},
    CMD_OPTION_JSON,
    {0},
};

typedef struct {
    const TreeSbomPackage *package; /* borrowed */
    PackagesLicence *licence;       /* owned, nullable when none is known */
    bool denied;
} Row;

static void row_free(void *data)
{
    Row *row = data;
    packages_licence_free(row->licence);
    g_free(row);
}

static GPtrArray *judge(GPtrArray *packages, const char *const *denied)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);
    for (guint i = 0; i < packages->len; i++) {
        Row *row = g_new0(Row, 1);
        row->package = packages->pdata[i];
        if (strcmp(row->package->licence, "NOASSERTION") != 0)
            row->licence = packages_licence_parse(row->package->licence, NULL);
        row->denied = row->licence != NULL && !packages_licence_is_allowed(row->licence, denied);
        g_ptr_array_add(rows, row);
    }
    return rows;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each licence with the packages that have it somewhere in their expression. */
static GHashTable *by_licence(GPtrArray *rows, GPtrArray *names)
{
    GHashTable *index =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = rows->pdata[i];
        g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        if (row->licence != NULL)
            packages_licence_collect(row->licence, own);
        else
            (void)g_hash_table_add(own, g_strdup("NOASSERTION"));
        GHashTableIter iter;
        void *name = NULL;
        g_hash_table_iter_init(&iter, own);
        while (g_hash_table_iter_next(&iter, &name, NULL)) {
            GPtrArray *packages = g_hash_table_lookup(index, name);
            if (packages == NULL) {
                char *key = g_strdup(name);
                packages = g_ptr_array_new();
                (void)g_hash_table_insert(index, key, packages);
                g_ptr_array_add(names, key);
            }
            g_ptr_array_add(packages, row->package->name);
        }
    }
    g_ptr_array_sort(names, compare_text);
    return index;
}

static void print_licences(GPtrArray *rows)
{
    static const CmdColumn columns[] = {
        {"LICENCE", false}, {"PACKAGES", true}, {"WHICH", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GHashTable) index = by_licence(rows, names);
    for (guint i = 0; i < names->len; i++) {
        GPtrArray *packages = g_hash_table_lookup(index, names->pdata[i]);
        g_autoptr(GString) which = g_string_new(NULL);
        for (guint k = 0; k < packages->len && which->len < 80; k++)
            g_string_append_printf(which, "%s%s", k > 0 ? " " : "", (char *)packages->pdata[k]);
        g_autofree char *count = g_strdup_printf("%u", packages->len);
        cmd_table_add(table, (const char *const[]){names->pdata[i], count, which->str});
    }
    g_autofree char *text = cmd_table_print(table);
    fputs(text, stdout);
}

static void print_packages(GPtrArray *rows)
{
    static const CmdColumn columns[] = {
        {"PACKAGE", false}, {"VERSION", false}, {"LICENCE", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = rows->pdata[i];
        cmd_table_add(table, (const char *const[]){row->package->name, row->package->version,
                                                   row->package->licence});
    }
    g_autofree char *text = cmd_table_print(table);
    fputs(text, stdout);
}

static void print_json(const TreeInspect *commit, GPtrArray *rows)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    cmd_inspect_member(json, "commit", tree_inspect_commit(commit));
    json_builder_set_member_name(json, "packages");
    json_builder_begin_array(json);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = rows->pdata[i];
        json_builder_begin_object(json);
        cmd_inspect_member(json, "name", row->package->name);
        cmd_inspect_member(json, "version", row->package->version);
        cmd_inspect_member(json, "licence", row->package->licence);
        json_builder_set_member_name(json, "denied");
        json_builder_add_boolean_value(json, row->denied);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    cmd_inspect_print(json);
}

/* Those of a package's licences that are denied, in words. */
static char *denied_names(const PackagesLicence *licence, const char *const *denied)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    packages_licence_collect(licence, own);
    GHashTableIter iter;
    void *name = NULL;
    g_hash_table_iter_init(&iter, own);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, compare_text);
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(PackagesLicence) one = packages_licence_parse(names->pdata[i], NULL);
        if (one != NULL && !packages_licence_is_allowed(one, denied))
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                                   (char *)names->pdata[i]);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool check_denied(GPtrArray *rows, const char *const *denied, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    unsigned n = 0;
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = rows->pdata[i];
        if (!row->denied)
            continue;
        g_autofree char *which = denied_names(row->licence, denied);
        g_string_append_printf(names, "%s%s (%s)", n++ > 0 ? ", " : "", row->package->name, which);
    }
    if (n == 0)
        return true;
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED, "%u package%s under a denied licence: %s", n,
                n == 1 ? " is" : "s are", names->str);
    return false;
}

CmdExit cmd_licences_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(TreeInspect) commit = cmd_inspect_open(args, cmd_args_operands(args)[0], error);
    g_autoptr(GPtrArray) packages = commit != NULL ? tree_sbom_packages(commit, error) : NULL;
    if (packages == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) rows = judge(packages, cmd_args_strings(args, "deny"));
    if (cmd_args_flag(args, "json"))
        print_json(commit, rows);
    else if (cmd_args_flag(args, "packages"))
        print_packages(rows);
    else
        print_licences(rows);
    (void)fflush(stdout);
    return check_denied(rows, cmd_args_strings(args, "deny"), error) ? CMD_EXIT_DONE
                                                                     : CMD_EXIT_FAILED;
}
