/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll manifest show: what a manifest comes to, with all that it includes.
 */
#include "cmd/commands.h"

#include "cmd/table.h"
#include "manifest/manifest.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_manifest_show_options[] = {CMD_OPTION_JSON, {0}};

static void add_text(CmdTable *table, const char *name, const char *text)
{
    if (text != NULL)
        cmd_table_add(table, (const char *const[]){name, text, NULL});
}

static void add_strings(CmdTable *table, const char *name, const GPtrArray *strings)
{
    for (guint i = 0; i < strings->len; i++) {
        const ManifestString *string = strings->pdata[i];
        g_autofree char *place = g_strdup_printf("%s:%u", string->place.file, string->place.line);
        g_autofree char *first_line = g_strndup(string->text, strcspn(string->text, "\n"));
        cmd_table_add(table, (const char *const[]){i == 0 ? name : NULL, first_line, place});
    }
}

static void add_repos(CmdTable *table, const GPtrArray *repos)
{
    for (guint i = 0; i < repos->len; i++) {
        const ManifestRepo *repo = repos->pdata[i];
        g_autofree char *place = g_strdup_printf("%s:%u", repo->place.file, repo->place.line);
        cmd_table_add(table, (const char *const[]){i == 0 ? "repos" : NULL, repo->id, place});
    }
}

static void add_files(CmdTable *table, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const ManifestFile *file = files->pdata[i];
        g_autofree char *place = g_strdup_printf("%s:%u", file->place.file, file->place.line);
        cmd_table_add(table,
                      (const char *const[]){i == 0 ? "add-files" : NULL, file->target, place});
    }
}

static char *print_table(const Manifest *manifest)
{
    static const CmdColumn columns[] = {{"KEY", false}, {"VALUE", false}, {"FROM", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    add_text(table, "ref", manifest->ref);
    add_text(table, "releasever", manifest->releasever);
    add_text(table, "automatic-version-prefix", manifest->automatic_version_prefix);
    add_text(table, "default-target", manifest->default_target);
    add_text(table, "recommends", manifest->recommends ? "true" : "false");
    add_text(table, "documentation", manifest->documentation ? "true" : "false");
    add_repos(table, manifest->repos);
    add_strings(table, "packages", manifest->packages);
    add_strings(table, "exclude-packages", manifest->exclude_packages);
    add_strings(table, "install-langs", manifest->install_langs);
    add_strings(table, "units", manifest->units);
    add_files(table, manifest->add_files);
    add_strings(table, "remove-files", manifest->remove_files);
    add_strings(table, "postprocess", manifest->postprocess);
    add_text(table, "digest", manifest->digest);
    return cmd_table_print(table);
}

CmdExit cmd_manifest_show_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(Manifest) manifest = manifest_load(cmd_args_operands(args)[0], error);
    if (manifest == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        g_autofree char *json = manifest_to_json(manifest);
        puts(json);
        return CMD_EXIT_DONE;
    }
    g_autofree char *table = print_table(manifest);
    fputs(table, stdout);
    return CMD_EXIT_DONE;
}
