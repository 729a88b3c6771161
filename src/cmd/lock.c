/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll lock: write down the exact packages that a manifest resolves to, and what has changed.
 */
#include "cmd/commands.h"

#include "cmd/advisories.h"
#include "cmd/error.h"
#include "cmd/inspect.h"
#include "cmd/table.h"
#include "cmd/terminal.h"
#include "tree/lock.h"
#include "tree/users.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

const CmdOption cmd_lock_options[] = {
    CMD_OPTION_STATE,
    {.name = "update",
     .help = "let the named packages move to their newest versions; all, when none is named"},
    {.name = "check", .help = "only say what --update would change"},
    {.name = "from", .metavar = "REV", .help = "take the lock of a commit, with its ids"},
    CMD_OPTION_REPO,
    {.name = "lockfile",
     .metavar = "FILE",
     .help = "the lock (default: the manifest's name with .lock after it)"},
    CMD_OPTION_ADVISORIES,
    {.name = "release",
     .metavar = "NAME",
     .help = "release that advisories are for (default: the repositories' own, as bookworm)"},
    CMD_OPTION_JSON,
    CMD_OPTION_QUIET,
    {0},
};

/* What a change of packages means for advisories. */
typedef struct {
    GPtrArray *fixed;  /* owned, nullable: PackagesFinding */
    GPtrArray *opened; /* owned, nullable */
} Effect;

static void effect_clear(Effect *effect)
{
    g_clear_pointer(&effect->fixed, g_ptr_array_unref);
    g_clear_pointer(&effect->opened, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Effect, effect_clear)

/* A rebuild of the same source (bash 5.2-1+b2) has the source's version without "+b2". */
static char *source_version(const PackagesPackage *package)
{
    char *version = g_strdup(package->version);
    char *plus = strrchr(version, '+');
    if (plus != NULL && plus[1] == 'b' && plus[2] != '\0' &&
        strspn(plus + 2, "0123456789") == strlen(plus + 2))
        *plus = '\0';
    return version;
}

static GPtrArray *match(const CmdAdvisories *advisories, const GPtrArray *packages,
                        const char *release, GError **error)
{
    g_autoptr(GPtrArray) versions = g_ptr_array_new_with_free_func(g_free);
    g_autofree PackagesSubject *subjects = g_new0(PackagesSubject, packages->len + 1);
    const char *format = "deb";
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        g_ptr_array_add(versions, source_version(package));
        subjects[i] = (PackagesSubject){.name = package->name,
                                        .version = package->version,
                                        .arch = package->arch,
                                        .source = package->source,
                                        .source_version = versions->pdata[i]};
        format = package->format->name;
    }
    const PackagesAudit audit = {.format = format,
                                 .os_id = strcmp(format, "deb") == 0 ? "debian" : "fedora",
                                 .os_version = "",
                                 .release = release != NULL ? release : "",
                                 .subjects = subjects,
                                 .n_subjects = packages->len};
    return cmd_advisories_match_audit(advisories, &audit, error);
}

/* Those of @findings that are not in @others too. */
static GPtrArray *without(const GPtrArray *findings, const GPtrArray *others)
{
    GPtrArray *rest = g_ptr_array_new();
    for (guint i = 0; i < findings->len; i++) {
        const PackagesFinding *one = findings->pdata[i];
        bool is_in = false;
        for (guint n = 0; !is_in && n < others->len; n++) {
            const PackagesFinding *other = others->pdata[n];
            is_in = strcmp(one->id, other->id) == 0 && strcmp(one->package, other->package) == 0;
        }
        if (!is_in)
            g_ptr_array_add(rest, findings->pdata[i]);
    }
    return rest;
}

static const char *kind_of(const PackagesChange *change)
{
    if (change->from == NULL)
        return "added";
    return change->to == NULL ? "removed" : "changed";
}

static void print_changes(const TreeLockResult *result)
{
    static const CmdColumn columns[] = {{"PACKAGE", false}, {"WAS", false}, {"IS", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < result->changes->len; i++) {
        const PackagesChange *change = result->changes->pdata[i];
        cmd_table_add(table, (const char *const[]){change->name,
                                                   change->from != NULL ? change->from : "(new)",
                                                   change->to != NULL ? change->to : "(gone)"});
    }
    g_autofree char *text = cmd_table_print(table);
    fputs(text, stdout);
    for (guint i = 0; i < result->changes->len; i++) {
        const PackagesChange *change = result->changes->pdata[i];
        const char *changelog = g_hash_table_lookup(result->changelogs, change->name);
        if (changelog != NULL && changelog[0] != '\0')
            printf("\n%s", changelog);
    }
}

static void print_effect(const Effect *effect)
{
    if (effect->fixed == NULL)
        return;
    g_autofree char *fixed = effect->fixed->len > 0 ? cmd_advisories_table(effect->fixed) : NULL;
    g_autofree char *opened = effect->opened->len > 0 ? cmd_advisories_table(effect->opened) : NULL;
    printf("\n%u advisories fixed\n%s%u advisories newly open\n%s", effect->fixed->len,
           fixed != NULL ? fixed : "", effect->opened->len, opened != NULL ? opened : "");
}

static void print_text(const TreeLockResult *result)
{
    if (result->is_new)
        printf("%s: %u packages locked\n", result->path, result->packages->len);
    else if (result->changes->len > 0)
        print_changes(result);
    else if (result->is_written)
        printf("%s: no package moves; what it says of the manifest is renewed\n", result->path);
    else
        printf("%s: nothing to change\n", result->path);
}

static void add_member(JsonBuilder *json, const char *name, const char *text)
{
    json_builder_set_member_name(json, name);
    if (text != NULL)
        json_builder_add_string_value(json, text);
    else
        json_builder_add_null_value(json);
}

static void print_json(const TreeLockResult *result, const Effect *effect)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    add_member(json, "lock", result->path);
    json_builder_set_member_name(json, "written");
    json_builder_add_boolean_value(json, result->is_written);
    json_builder_set_member_name(json, "packages");
    json_builder_add_int_value(json, result->packages->len);
    json_builder_set_member_name(json, "changes");
    json_builder_begin_array(json);
    for (guint i = 0; !result->is_new && i < result->changes->len; i++) {
        const PackagesChange *change = result->changes->pdata[i];
        json_builder_begin_object(json);
        add_member(json, "package", change->name);
        add_member(json, "arch", change->arch);
        add_member(json, "change", kind_of(change));
        add_member(json, "from", change->from);
        add_member(json, "to", change->to);
        add_member(json, "changelog", g_hash_table_lookup(result->changelogs, change->name));
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    if (effect->fixed != NULL) {
        cmd_advisories_json(json, "fixed", effect->fixed);
        cmd_advisories_json(json, "opened", effect->opened);
    }
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

static GVariant *ids_of(const TreeInspect *commit, const char *key)
{
    return g_variant_lookup_value(tree_inspect_metadata(commit), key, G_VARIANT_TYPE("a{su}"));
}

/* What another branch, or an older release, was made of. */
static CmdExit take_from(const CmdArgs *args, const char *rev, GError **error)
{
    const char *manifest = cmd_args_operands(args)[0];
    const char *named = cmd_args_string(args, "lockfile");
    g_autofree char *path = named != NULL ? g_strdup(named) : manifest_lock_path(manifest);
    g_autoptr(TreeInspect) commit = cmd_inspect_open(args, rev, error);
    g_autoptr(GBytes) text = commit != NULL ? tree_inspect_lock(commit, error) : NULL;
    g_autoptr(ManifestLock) lock = text != NULL ? manifest_lock_parse(rev, text, error) : NULL;
    if (lock == NULL)
        return CMD_EXIT_FAILED;
    g_free(lock->path);
    lock->path = g_strdup(path);
    g_clear_pointer(&lock->uids, g_variant_unref);
    g_clear_pointer(&lock->gids, g_variant_unref);
    lock->uids = ids_of(commit, TREE_USERS_UIDS_KEY);
    lock->gids = ids_of(commit, TREE_USERS_GIDS_KEY);
    if (!manifest_lock_save(lock, error))
        return CMD_EXIT_FAILED;
    printf("%s: %u packages locked, as in commit %s\n", path, lock->packages->len,
           tree_inspect_commit(commit));
    return CMD_EXIT_DONE;
}

CmdExit cmd_lock_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *operands = cmd_args_operands(args);
    bool update = cmd_args_flag(args, "update");
    bool check = cmd_args_flag(args, "check");
    if (operands[1] != NULL && !update && !check) {
        g_set_error_literal(error, CMD_ERROR, CMD_ERROR_USAGE,
                            "packages are named only together with --update");
        return CMD_EXIT_USAGE;
    }
    const char *from = cmd_args_string(args, "from");
    if (from != NULL && (update || check)) {
        g_set_error_literal(error, CMD_ERROR, CMD_ERROR_USAGE,
                            "--from takes a lock as it is: update it afterwards");
        return CMD_EXIT_USAGE;
    }
    if (from != NULL)
        return take_from(args, from, error);
    g_autofree char *state_dir = cmd_args_state_dir(args);
    g_autoptr(CmdTerminal) terminal =
        cmd_terminal_new(cmd_args_flag(args, "quiet") ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
    const TreeLockOptions options = {
        .manifest_path = operands[0],
        .lock_path = cmd_args_string(args, "lockfile"),
        .state_dir = state_dir,
        .names = operands + 1,
        .flags = (update ? TREE_LOCK_UPDATE : TREE_LOCK_DEFAULT) |
                 (check ? TREE_LOCK_CHECK : TREE_LOCK_DEFAULT),
        .progress = cmd_terminal_progress(terminal),
    };
    g_autoptr(TreeLockResult) result = tree_lock(&options, cancellable, error);
    g_clear_pointer(&terminal, cmd_terminal_free);
    if (result == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(CmdAdvisories) advisories = cmd_advisories_open(args, cancellable, error);
    if (advisories == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) before = NULL;
    g_autoptr(GPtrArray) after = NULL;
    g_auto(Effect) effect = {NULL, NULL};
    if (cmd_advisories_count(advisories) > 0) {
        const char *release = cmd_args_string(args, "release");
        release = release != NULL ? release : result->release;
        before = match(advisories, result->before, release, error);
        after = before != NULL ? match(advisories, result->packages, release, error) : NULL;
        if (after == NULL)
            return CMD_EXIT_FAILED;
        effect = (Effect){without(before, after), without(after, before)};
    }
    if (cmd_args_flag(args, "json")) {
        print_json(result, &effect);
    } else {
        print_text(result);
        print_effect(&effect);
    }
    bool did = result->is_written || (check && (result->is_new || result->changes->len > 0));
    return did ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}
