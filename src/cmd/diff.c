/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll diff: what differs between two commits.
 */
#include "cmd/commands.h"

#include "cmd/advisories.h"
#include "cmd/table.h"
#include "tree/difference.h"

#include <stdio.h>
#include <string.h>

#define FOLDER_LEVELS 3

const CmdOption cmd_diff_options[] = {
    CMD_OPTION_STATE,
    CMD_OPTION_REPO,
    {.name = "files", .help = "list every file, not a summary by folder"},
    CMD_OPTION_ADVISORIES,
    CMD_OPTION_JSON,
    {0},
};

typedef struct {
    TreeInspect *old;       /* owned */
    TreeInspect *new;       /* owned */
    TreeDifference *differ; /* owned */
    GPtrArray *fixed;       /* owned, nullable */
    GPtrArray *opened;      /* owned, nullable */
} Diff;

static void diff_clear(Diff *diff)
{
    tree_inspect_free(diff->old);
    tree_inspect_free(diff->new);
    tree_difference_free(diff->differ);
    g_clear_pointer(&diff->fixed, g_ptr_array_unref);
    g_clear_pointer(&diff->opened, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Diff, diff_clear)

static void print_and_free(char *text)
{
    fputs(text, stdout);
    g_free(text);
}

static char *signed_size(uint64_t before, uint64_t after)
{
    g_autofree char *size = g_format_size(after > before ? after - before : before - after);
    return g_strdup_printf("%s%s", after >= before ? "+" : "-", size);
}

/* --- packages --- */

static void print_packages(const TreeDifference *differ)
{
    static const CmdColumn columns[] = {
        {"PACKAGE", false}, {"WAS", false}, {"IS", false}, {"CHANGE", false}, {0}};
    if (differ->packages->len == 0)
        return;
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < differ->packages->len; i++) {
        const TreePackageChange *change = differ->packages->pdata[i];
        const TreeSbomPackage *any = change->new != NULL ? change->new : change->old;
        cmd_table_add(table, (const char *const[]){any->name,
                                                   change->old != NULL ? change->old->version : "-",
                                                   change->new != NULL ? change->new->version : "-",
                                                   tree_change_name(change->change)});
    }
    print_and_free(cmd_table_print(table));
}

/* Packages of one source have the same changelog: it is shown once. */
static void print_changelogs(const TreeDifference *differ)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < differ->packages->len; i++) {
        const TreePackageChange *change = differ->packages->pdata[i];
        if (change->changelog != NULL && g_hash_table_add(seen, change->new->source))
            printf("\n%s", change->changelog);
    }
}

/* --- users, groups, units --- */

static void print_texts(const char *title, GPtrArray *changes)
{
    for (guint i = 0; i < changes->len; i++) {
        const TreeTextChange *change = changes->pdata[i];
        printf("%s%s %s\n", i == 0 ? title : "", change->change == TREE_CHANGE_ADDED ? "+" : "-",
               change->text);
    }
}

static void print_kernel(const Diff *diff)
{
    const char *before = tree_inspect_text(diff->old, "ostree.linux");
    const char *after = tree_inspect_text(diff->new, "ostree.linux");
    if (g_strcmp0(before, after) != 0)
        printf("\nKernel: %s -> %s\n", before != NULL ? before : "none",
               after != NULL ? after : "none");
}

/* --- files --- */

typedef struct {
    unsigned counts[TREE_CHANGE_CHANGED + 1];
    uint64_t old_bytes;
    uint64_t new_bytes;
} Folder;

static char *folder_of(const char *path)
{
    const char *end = path;
    for (unsigned i = 0; i < FOLDER_LEVELS; i++) {
        const char *slash = strchr(end + (i > 0), '/');
        if (slash == NULL)
            break;
        end = slash;
    }
    return g_strdup_printf("/%.*s", (int)(end - path), path);
}

static void print_folders(const TreeDifference *differ)
{
    static const CmdColumn columns[] = {{"FOLDER", false}, {"ADDED", true}, {"REMOVED", true},
                                        {"CHANGED", true}, {"SIZE", true},  {0}};
    g_autoptr(GHashTable) folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < differ->files->len; i++) {
        const TreeFileChange *file = differ->files->pdata[i];
        g_autofree char *name = folder_of(file->path);
        Folder *folder = g_hash_table_lookup(folders, name);
        if (folder == NULL) {
            folder = g_new0(Folder, 1);
            g_ptr_array_add(names, name);
            (void)g_hash_table_insert(folders, g_steal_pointer(&name), folder);
        }
        folder->counts[file->change]++;
        folder->old_bytes += file->old_bytes;
        folder->new_bytes += file->new_bytes;
    }
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < names->len; i++) {
        const Folder *folder = g_hash_table_lookup(folders, names->pdata[i]);
        g_autofree char *added = g_strdup_printf("%u", folder->counts[TREE_CHANGE_ADDED]);
        g_autofree char *removed = g_strdup_printf("%u", folder->counts[TREE_CHANGE_REMOVED]);
        g_autofree char *changed = g_strdup_printf("%u", folder->counts[TREE_CHANGE_CHANGED]);
        g_autofree char *size = signed_size(folder->old_bytes, folder->new_bytes);
        cmd_table_add(table, (const char *const[]){names->pdata[i], added, removed, changed, size});
    }
    print_and_free(cmd_table_print(table));
}

static void print_files(const CmdArgs *args, const TreeDifference *differ)
{
    static const char letters[] = {
        [TREE_CHANGE_ADDED] = '+', [TREE_CHANGE_REMOVED] = '-', [TREE_CHANGE_CHANGED] = '~'};
    if (differ->files->len == 0)
        return;
    putchar('\n');
    if (!cmd_args_flag(args, "files")) {
        print_folders(differ);
        return;
    }
    for (guint i = 0; i < differ->files->len; i++) {
        const TreeFileChange *file = differ->files->pdata[i];
        printf("%c /%s\n", letters[file->change], file->path);
    }
}

static void print_findings(const char *title, GPtrArray *findings)
{
    if (findings == NULL)
        return;
    printf("\n%s: %u\n", title, findings->len);
    if (findings->len > 0)
        print_and_free(cmd_advisories_table(findings));
}

static void print_text(const CmdArgs *args, const Diff *diff)
{
    const TreeDifference *differ = diff->differ;
    const char *old_version = tree_inspect_text(diff->old, "version");
    const char *new_version = tree_inspect_text(diff->new, "version");
    g_autofree char *before = g_format_size(differ->old_bytes);
    g_autofree char *after = g_format_size(differ->new_bytes);
    g_autofree char *delta = signed_size(differ->old_bytes, differ->new_bytes);
    printf("from %s %s\n  to %s %s\n\n", tree_inspect_commit(diff->old),
           old_version != NULL ? old_version : "", tree_inspect_commit(diff->new),
           new_version != NULL ? new_version : "");
    print_packages(differ);
    print_changelogs(differ);
    print_kernel(diff);
    print_texts("\nUsers:\n", differ->users);
    print_texts("\nGroups:\n", differ->groups);
    print_texts("\nUnits:\n", differ->units);
    print_files(args, differ);
    print_findings("Advisories fixed", diff->fixed);
    print_findings("Advisories newly open", diff->opened);
    printf("\nSize: %s -> %s (%s)\n", before, after, delta);
}

/* --- JSON --- */

static void add_texts(JsonBuilder *json, const char *name, GPtrArray *changes)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (guint i = 0; i < changes->len; i++) {
        const TreeTextChange *change = changes->pdata[i];
        json_builder_begin_object(json);
        cmd_inspect_member(json, "change", tree_change_name(change->change));
        cmd_inspect_member(json, "name", change->text);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void add_packages(JsonBuilder *json, GPtrArray *changes)
{
    json_builder_set_member_name(json, "packages");
    json_builder_begin_array(json);
    for (guint i = 0; i < changes->len; i++) {
        const TreePackageChange *change = changes->pdata[i];
        const TreeSbomPackage *any = change->new != NULL ? change->new : change->old;
        json_builder_begin_object(json);
        cmd_inspect_member(json, "name", any->name);
        cmd_inspect_member(json, "arch", any->arch);
        cmd_inspect_member(json, "change", tree_change_name(change->change));
        cmd_inspect_member(json, "old", change->old != NULL ? change->old->version : NULL);
        cmd_inspect_member(json, "new", change->new != NULL ? change->new->version : NULL);
        cmd_inspect_member(json, "changelog", change->changelog);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void add_files(JsonBuilder *json, GPtrArray *changes)
{
    json_builder_set_member_name(json, "files");
    json_builder_begin_array(json);
    for (guint i = 0; i < changes->len; i++) {
        const TreeFileChange *change = changes->pdata[i];
        json_builder_begin_object(json);
        cmd_inspect_member(json, "path", change->path);
        cmd_inspect_member(json, "change", tree_change_name(change->change));
        cmd_inspect_number(json, "old_bytes", (int64_t)change->old_bytes);
        cmd_inspect_number(json, "new_bytes", (int64_t)change->new_bytes);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void add_commit(JsonBuilder *json, const char *name, TreeInspect *commit, uint64_t bytes)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    cmd_inspect_member(json, "commit", tree_inspect_commit(commit));
    cmd_inspect_member(json, "version", tree_inspect_text(commit, "version"));
    cmd_inspect_member(json, "kernel", tree_inspect_text(commit, "ostree.linux"));
    cmd_inspect_number(json, "bytes", (int64_t)bytes);
    json_builder_end_object(json);
}

static void print_json(const CmdArgs *args, const Diff *diff)
{
    const TreeDifference *differ = diff->differ;
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    add_commit(json, "old", diff->old, differ->old_bytes);
    add_commit(json, "new", diff->new, differ->new_bytes);
    add_packages(json, differ->packages);
    add_texts(json, "users", differ->users);
    add_texts(json, "groups", differ->groups);
    add_texts(json, "units", differ->units);
    add_files(json, differ->files);
    if (diff->fixed != NULL) {
        cmd_advisories_json(json, "fixed", diff->fixed);
        cmd_advisories_json(json, "opened", diff->opened);
    }
    json_builder_end_object(json);
    cmd_inspect_print(json);
}

/* Moves out of @findings what @other has too. */
static void subtract(GPtrArray *findings, GHashTable *other)
{
    for (guint i = 0; i < findings->len;) {
        const PackagesFinding *finding = findings->pdata[i];
        g_autofree char *key = g_strdup_printf("%s\n%s", finding->package, finding->id);
        if (g_hash_table_contains(other, key))
            g_ptr_array_remove_index(findings, i);
        else
            i++;
    }
}

static GHashTable *keys_of(GPtrArray *findings)
{
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < findings->len; i++) {
        const PackagesFinding *finding = findings->pdata[i];
        (void)g_hash_table_add(keys, g_strdup_printf("%s\n%s", finding->package, finding->id));
    }
    return keys;
}

static bool match_advisories(const CmdArgs *args, Diff *diff, GCancellable *cancellable,
                             GError **error)
{
    g_autoptr(CmdAdvisories) advisories = cmd_advisories_open(args, cancellable, error);
    if (advisories == NULL)
        return false;
    if (cmd_advisories_count(advisories) == 0)
        return true;
    diff->fixed =
        cmd_advisories_match(advisories, diff->old, diff->differ->old_packages, NULL, error);
    if (diff->fixed != NULL)
        diff->opened =
            cmd_advisories_match(advisories, diff->new, diff->differ->new_packages, NULL, error);
    if (diff->opened == NULL)
        return false;
    g_autoptr(GHashTable) before = keys_of(diff->fixed);
    g_autoptr(GHashTable) after = keys_of(diff->opened);
    subtract(diff->fixed, after);
    subtract(diff->opened, before);
    return true;
}

CmdExit cmd_diff_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *revs = cmd_args_operands(args);
    g_auto(Diff) diff = {.old = cmd_inspect_open(args, revs[0], error)};
    if (diff.old != NULL)
        diff.new = cmd_inspect_open(args, revs[1], error);
    if (diff.new != NULL)
        diff.differ = tree_difference_new(diff.old, diff.new, error);
    if (diff.differ == NULL || !match_advisories(args, &diff, cancellable, error))
        return CMD_EXIT_FAILED;
    bool same = diff.differ->packages->len == 0 && diff.differ->files->len == 0;
    if (cmd_args_flag(args, "json"))
        print_json(args, &diff);
    else if (same)
        printf("nothing differs\n");
    else
        print_text(args, &diff);
    return same ? CMD_EXIT_NOTHING_TO_DO : CMD_EXIT_DONE;
}
