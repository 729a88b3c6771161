/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll audit: known vulnerabilities of a commit's packages.
 */
#include "cmd/commands.h"

#include "cmd/advisories.h"
#include "cmd/error.h"

#include <stdio.h>

const CmdOption cmd_audit_options[] = {
    CMD_OPTION_STATE,
    CMD_OPTION_REPO,
    CMD_OPTION_ADVISORIES,
    {.name = "release",
     .metavar = "NAME",
     .help = "release to look up (default: the tree's own, such as bookworm)"},
    {.name = "fail-on",
     .metavar = "SEVERITY",
     .help =
         "fail only when one is that severe: unimportant, unknown, low, medium, high, critical"},
    CMD_OPTION_JSON,
    {0},
};

static bool check_usage(const CmdArgs *args, PackagesSeverity *out_least, GError **error)
{
    const char *word = cmd_args_string(args, "fail-on");
    if (word == NULL || packages_severity_parse(word, out_least))
        return true;
    g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                "--fail-on: want unimportant, unknown, low, medium, high or critical, got ‘%s’",
                word);
    return false;
}

static void print_text(GPtrArray *findings, guint n_packages, const char *const *sources)
{
    if (findings->len > 0) {
        g_autofree char *table = cmd_advisories_table(findings);
        printf("%s\n", table);
    }
    printf("%u known vulnerabilities in %u packages\n", findings->len, n_packages);
    for (; *sources != NULL; sources++)
        printf("by the advisories of %s\n", *sources);
}

CmdExit cmd_audit_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    PackagesSeverity least = PACKAGES_SEVERITY_UNIMPORTANT;
    if (!check_usage(args, &least, error))
        return CMD_EXIT_USAGE;
    g_autoptr(TreeInspect) commit = cmd_inspect_open(args, cmd_args_operands(args)[0], error);
    g_autoptr(GPtrArray) packages = commit != NULL ? tree_sbom_packages(commit, error) : NULL;
    g_autoptr(CmdAdvisories) advisories =
        packages != NULL ? cmd_advisories_open(args, cancellable, error) : NULL;
    if (advisories == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) findings =
        cmd_advisories_match(advisories, commit, packages, cmd_args_string(args, "release"), error);
    if (findings == NULL)
        return error != NULL && g_error_matches(*error, CMD_ERROR, CMD_ERROR_USAGE)
                   ? CMD_EXIT_USAGE
                   : CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        g_autoptr(JsonBuilder) json = json_builder_new();
        json_builder_begin_object(json);
        cmd_inspect_member(json, "commit", tree_inspect_commit(commit));
        cmd_inspect_number(json, "packages", packages->len);
        cmd_advisories_json(json, "findings", findings);
        json_builder_end_object(json);
        cmd_inspect_print(json);
    } else {
        print_text(findings, packages->len, cmd_advisories_sources(advisories));
    }
    /* they are sorted: the first one is the worst */
    bool fails =
        findings->len > 0 && ((const PackagesFinding *)findings->pdata[0])->severity >= least;
    return fails ? CMD_EXIT_FAILED : CMD_EXIT_DONE;
}
