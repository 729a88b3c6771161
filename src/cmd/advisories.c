/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Advisories for atoll audit and atoll diff: where they come from, and how findings look.
 */
#include "cmd/advisories.h"

#include "base/fd.h"
#include "base/http.h"
#include "cmd/error.h"
#include "cmd/table.h"
#include "tree/cached-advisories.h"

#include <fcntl.h>
#include <string.h>

#define FETCH_MAX_BYTES (UINT64_C(1) << 30)

struct _CmdAdvisories {
    char *scratch;    /* owned, nullable */
    GPtrArray *paths; /* owned strings */
    char *state_dir;  /* owned */
    char **sources;   /* owned, nullable: of cached ones, where they were */
};

void cmd_advisories_free(CmdAdvisories *self)
{
    if (self == NULL)
        return;
    if (self->scratch != NULL)
        (void)!base_fd_remove_tree(AT_FDCWD, self->scratch, NULL);
    g_free(self->scratch);
    g_ptr_array_unref(self->paths);
    g_free(self->state_dir);
    g_strfreev(self->sources);
    g_free(self);
}

static bool fetch(CmdAdvisories *self, const char *url, GCancellable *cancellable, GError **error)
{
    if (self->scratch == NULL)
        self->scratch = g_dir_make_tmp("atoll-advisories-XXXXXX", error);
    if (self->scratch == NULL)
        return false;
    char *path = g_strdup_printf("%s/%u", self->scratch, self->paths->len);
    g_ptr_array_add(self->paths, path);
    BaseHttpItem item = {.url = url, .path = path, .max_bytes = FETCH_MAX_BYTES};
    return base_http_fetch_all(&item, 1, NULL, cancellable, error);
}

CmdAdvisories *cmd_advisories_open(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(CmdAdvisories) self = g_new0(CmdAdvisories, 1);
    self->paths = g_ptr_array_new_with_free_func(g_free);
    self->state_dir = cmd_args_state_dir(args);
    const char *const *given = cmd_args_strings(args, "advisories");
    for (; *given != NULL; given++) {
        bool is_url = g_str_has_prefix(*given, "http://") || g_str_has_prefix(*given, "https://");
        if (!is_url)
            g_ptr_array_add(self->paths, g_strdup(*given));
        else if (!fetch(self, *given, cancellable, error))
            return NULL;
    }
    return g_steal_pointer(&self);
}

unsigned cmd_advisories_count(const CmdAdvisories *self)
{
    return self->paths->len;
}

GPtrArray *cmd_advisories_match_audit(const CmdAdvisories *self, const PackagesAudit *audit,
                                      GError **error)
{
    g_autoptr(GPtrArray) findings = packages_findings_new();
    for (guint i = 0; i < self->paths->len; i++)
        if (!packages_advisories_match(audit, self->paths->pdata[i], findings, error))
            return NULL;
    packages_findings_sort(findings);
    return g_steal_pointer(&findings);
}

const char *const *cmd_advisories_sources(const CmdAdvisories *self)
{
    static const char *const none[] = {NULL};
    return self->sources != NULL ? (const char *const *)self->sources : none;
}

/* Of a tree of rpms its repositories have told what is known of them. */
static GPtrArray *match_cached(CmdAdvisories *self, TreeInspect *commit, const PackagesAudit *audit,
                               GError **error)
{
    if (strcmp(audit->format, "rpm") != 0) {
        g_set_error_literal(error, CMD_ERROR, CMD_ERROR_USAGE,
                            "name a file or address of advisories with --advisories: the "
                            "repositories of debs have none");
        return NULL;
    }
    g_autoptr(GPtrArray) findings = packages_findings_new();
    g_strfreev(g_steal_pointer(&self->sources));
    return tree_cached_advisories_match(commit, self->state_dir, audit, findings, &self->sources,
                                        error)
               ? g_steal_pointer(&findings)
               : NULL;
}

GPtrArray *cmd_advisories_match(CmdAdvisories *self, TreeInspect *commit, GPtrArray *packages,
                                const char *release, GError **error)
{
    g_auto(TreeOsRelease) os = {0};
    if (!tree_inspect_os_release(commit, &os, error))
        return NULL;
    g_autofree PackagesSubject *subjects = g_new0(PackagesSubject, packages->len + 1);
    for (guint i = 0; i < packages->len; i++) {
        const TreeSbomPackage *package = packages->pdata[i];
        subjects[i] = (PackagesSubject){.name = package->name,
                                        .version = package->version,
                                        .arch = package->arch,
                                        .source = package->source,
                                        .source_version = package->source_version};
    }
    const TreeSbomPackage *first = packages->len > 0 ? packages->pdata[0] : NULL;
    PackagesAudit audit = {.format = first != NULL ? first->format : "deb",
                           .os_id = os.id,
                           .os_version = os.version_id,
                           .release = release != NULL ? release : os.codename,
                           .subjects = subjects,
                           .n_subjects = packages->len};
    return self->paths->len > 0 ? cmd_advisories_match_audit(self, &audit, error)
                                : match_cached(self, commit, &audit, error);
}

void cmd_advisories_json(JsonBuilder *json, const char *name, GPtrArray *findings)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (guint i = 0; i < findings->len; i++) {
        const PackagesFinding *finding = findings->pdata[i];
        json_builder_begin_object(json);
        cmd_inspect_member(json, "id", finding->id);
        cmd_inspect_member(json, "aliases", finding->aliases);
        cmd_inspect_member(json, "severity", packages_severity_name(finding->severity));
        cmd_inspect_member(json, "package", finding->package);
        cmd_inspect_member(json, "version", finding->version);
        cmd_inspect_member(json, "fixed", finding->fixed);
        cmd_inspect_member(json, "title", finding->title);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

char *cmd_advisories_table(GPtrArray *findings)
{
    static const CmdColumn columns[] = {{"SEVERITY", false}, {"ADVISORY", false},
                                        {"PACKAGE", false},  {"VERSION", false},
                                        {"FIXED IN", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < findings->len; i++) {
        const PackagesFinding *finding = findings->pdata[i];
        cmd_table_add(table, (const char *const[]){packages_severity_name(finding->severity),
                                                   finding->id, finding->package, finding->version,
                                                   finding->fixed != NULL ? finding->fixed : "-"});
    }
    return cmd_table_print(table);
}
