/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/advisories.h"
#include "tree/sbom-read.h"

#include "cmd/command.h"
#include "cmd/inspect.h"

G_BEGIN_DECLS

/** CMD_OPTION_ADVISORIES: of the commands that hold commits against advisories */
#define CMD_OPTION_ADVISORIES                                                                      \
    {                                                                                              \
        .name = "advisories", .metavar = "FILE|URL",                                               \
        .help = "advisories: the Debian security tracker's JSON, updateinfo.xml, or OSV",          \
        .repeatable = true                                                                         \
    }

/** CmdAdvisories: files that --advisories names, fetched where they are not here */
typedef struct _CmdAdvisories CmdAdvisories;

/** cmd_advisories_open: (transfer full): those of @args */
CmdAdvisories *cmd_advisories_open(const CmdArgs *args, GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_advisories_free: also removes what was fetched */
void cmd_advisories_free(CmdAdvisories *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdAdvisories, cmd_advisories_free)

/** cmd_advisories_count: how many files there are */
unsigned cmd_advisories_count(const CmdAdvisories *self);

/** cmd_advisories_sources: where those were that cmd_advisories_match() took from the cache */
const char *const *cmd_advisories_sources(const CmdAdvisories *self);

/**
 * cmd_advisories_match:
 * @self: advisories; without any, of a tree of rpms, those that its repositories had
 * @commit: a commit
 * @packages: (element-type TreeSbomPackage): its packages
 * @release: (nullable): another release than its own
 * @error: return location; %CMD_ERROR_USAGE when there are none
 *
 * Returns: (transfer full) (element-type PackagesFinding): what it is open to, worst first
 */
GPtrArray *cmd_advisories_match(CmdAdvisories *self, TreeInspect *commit, GPtrArray *packages,
                                const char *release, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_advisories_match_audit: as cmd_advisories_match(), for any packages */
GPtrArray *cmd_advisories_match_audit(const CmdAdvisories *self, const PackagesAudit *audit,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_advisories_json: adds member @name, a list of @findings */
void cmd_advisories_json(JsonBuilder *json, const char *name, GPtrArray *findings);

/** cmd_advisories_table: (transfer full): @findings for people */
char *cmd_advisories_table(GPtrArray *findings);

G_END_DECLS
