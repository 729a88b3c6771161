/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The outside of a transaction: its sandbox, and what it says.
 */
#include "tree/rpm/run.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sandbox.h"
#include "tree/rpm/colours.h"
#include "tree/rpm/input.h"
#include "tree/rpm/transaction.h"

#include <fcntl.h>
#include <rpm/rpmlib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "atoll-rpm-transaction"
#define PROGRAM "/run/atoll/program"
#define INPUT "/run/atoll/input"
#define LINES_MAX 12
/* raised when the same packages start to give another tree */
#define RECIPE "rpm 1"

typedef struct {
    const BaseProgress *progress;
    unsigned total;
    GQueue lines; /* owned: the last lines of the script that runs */
    char *error;  /* owned, nullable */
} Output;

static void output_clear(Output *output)
{
    g_queue_clear_full(&output->lines, g_free);
    g_free(output->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Output, output_clear)

static void take_mark(Output *output, const char *text)
{
    if (g_str_has_prefix(text, "begin "))
        base_progress_update(output->progress, g_ascii_strtoull(text + strlen("begin "), NULL, 10),
                             output->total, "packages");
    else if (strcmp(text, "script") == 0)
        g_queue_clear_full(&output->lines, g_free);
    else if (g_str_has_prefix(text, "error ") && output->error == NULL)
        output->error = g_utf8_make_valid(text + strlen("error "), -1);
}

static void take_line(const char *line, void *user_data)
{
    Output *output = user_data;
    if (g_str_has_prefix(line, TREE_RPM_TRANSACTION_MARK)) {
        take_mark(output, line + strlen(TREE_RPM_TRANSACTION_MARK));
        return;
    }
    if (*line == '\0')
        return;
    g_debug("%s", line);
    g_queue_push_tail(&output->lines, g_strdup(line));
    if (output->lines.length > LINES_MAX)
        g_free(g_queue_pop_head(&output->lines));
}

static bool set_error(const Output *output, GError *cause, GError **error)
{
    if (output->error == NULL) {
        g_propagate_error(error, cause);
        return false;
    }
    g_autoptr(GString) text = g_string_new(output->error);
    for (const GList *link = output->lines.head; link != NULL; link = link->next)
        g_string_append_printf(text, "\n  | %s", (const char *)link->data);
    g_autofree char *valid = g_utf8_make_valid(text->str, -1);
    if (base_error_is_no_space(cause))
        base_error_set(error, BASE_ERROR_NO_SPACE, "%s", valid);
    else
        g_set_error_literal(error, TREE_ERROR, TREE_ERROR_SCRIPT, valid);
    g_error_free(cause);
    return false;
}

static char *join_languages(const Manifest *manifest)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < manifest->install_langs->len; i++) {
        const ManifestString *language = manifest->install_langs->pdata[i];
        g_string_append_printf(text, "%s%s", i > 0 ? ":" : "", language->text);
    }
    return g_strdup(text->len > 0 ? text->str : "all");
}

/* It lies beside this program where that was built, else where it is installed. */
static char *find_program(GError **error)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", error);
    if (self == NULL)
        return NULL;
    g_autofree char *folder = g_path_get_dirname(self);
    g_autofree char *beside = g_build_filename(folder, NAME, NULL);
    if (access(beside, X_OK) == 0)
        return g_steal_pointer(&beside);
    if (access(ATOLL_LIBEXECDIR "/" NAME, X_OK) == 0)
        return g_strdup(ATOLL_LIBEXECDIR "/" NAME);
    g_set_error_literal(error, TREE_ERROR, TREE_ERROR_FAILED,
                        "‘" ATOLL_LIBEXECDIR "/" NAME "’, which runs the scripts of rpms, is "
                        "missing: install atoll whole");
    return NULL;
}

static bool run_sandbox(const TreeFormatRun *run, const char *input, Output *output,
                        GCancellable *cancellable, GError **error)
{
    const char *root = tree_scripts_get_root(run->scripts);
    g_autofree char *program = find_program(error);
    if (program == NULL)
        return false;
    g_autofree char *count = g_strdup_printf("%u", run->imported->len);
    g_autofree char *epoch =
        g_strdup_printf("%" G_GUINT64_FORMAT, tree_rpm_input_epoch(run->imported));
    g_autofree char *epoch_env = g_strconcat("SOURCE_DATE_EPOCH=", epoch, NULL);
    g_autofree char *limit = g_strdup_printf("%u", tree_scripts_get_limit(run->scripts));
    g_autofree char *languages = join_languages(run->manifest);
    const char *const argv[] = {PROGRAM,
                                root,
                                INPUT,
                                count,
                                epoch,
                                limit,
                                run->manifest->documentation ? "docs" : "nodocs",
                                languages,
                                NULL};
    const char *const env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                               "HOME=/root",
                               "LC_ALL=C.UTF-8",
                               "TERM=dumb",
                               "SYSTEMD_OFFLINE=1",
                               epoch_env,
                               NULL};
    const BaseSandboxBind binds[] = {
        {program, PROGRAM, false}, {input, INPUT, false}, {NULL, NULL, false}};
    BaseSandbox sandbox = {
        .root = "/",
        .binds = binds,
        .inner_root = root,
        .run = {.argv = argv,
                .env = env,
                .what = "running package scripts",
                .name = "librpm",
                .on_line = take_line,
                .user_data = output},
    };
    GError *cause = NULL;
    return base_sandbox_run(&sandbox, NULL, cancellable, &cause) || set_error(output, cause, error);
}

char *tree_rpm_run_recipe(const Manifest *manifest, const GPtrArray *imported)
{
    g_autofree char *rules = tree_rules_digest();
    g_autofree char *languages = join_languages(manifest);
    g_autoptr(GString) text = g_string_new(RECIPE "\n");
    g_string_append_printf(text, "%s\n%s\n%s\n%d\n", RPMVERSION, rules, languages,
                           manifest->documentation);
    for (guint i = 0; i < imported->len; i++) {
        GBytes *header = ((const PackagesImported *)imported->pdata[i])->header;
        g_autofree char *digest =
            base_sha256_hex(g_bytes_get_data(header, NULL), g_bytes_get_size(header));
        g_string_append_printf(text, "%s\n", digest);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

bool tree_rpm_run(const TreeFormatRun *run, GCancellable *cancellable, GError **error)
{
    g_autoptr(TreeRules) rules = tree_rules_load(error);
    g_autoptr(GHashTable) colours = tree_rpm_colours_find(run->all);
    g_autofree char *parent = g_path_get_dirname(tree_scripts_get_root(run->scripts));
    g_autofree char *input = g_build_filename(parent, "input", NULL);
    g_auto(Output) output = {.progress = run->progress, .total = run->imported->len};
    return rules != NULL && base_fd_make_dirs(AT_FDCWD, input, 0755, error) &&
           tree_rpm_input_write(input, run->imported, run->manifest, rules, colours, error) &&
           run_sandbox(run, input, &output, cancellable, error);
}
