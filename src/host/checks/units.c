/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Units of systemd: ones that must be active, and that none has failed.
 */
#include "base/run.h"
#include "host/checks/check.h"
#include "host/error.h"

#include <string.h>

static char *valid_unit(const char *subject, const char *detail)
{
    (void)detail;
    if (strchr(subject, '.') != NULL && subject[0] != '-' && strchr(subject, '/') == NULL)
        return NULL;
    return g_strdup("the full name of a unit is wanted, such as sshd.service");
}

static bool ask(const char *const *argv, char **out_output, GCancellable *cancellable,
                GError **error)
{
    const BaseRun run = {.argv = argv, .what = "asking systemd", .flags = BASE_RUN_DIE_WITH_PARENT};
    if (!base_run(&run, out_output, cancellable, error))
        return false;
    g_strchomp(*out_output);
    return true;
}

static bool run_active(const char *subject, const char *detail, GCancellable *cancellable,
                       GError **error)
{
    const char *const argv[] = {"systemctl", "show",  "--property=ActiveState",
                                "--value",   subject, NULL};
    g_autofree char *state = NULL;
    (void)detail;
    if (!ask(argv, &state, cancellable, error))
        return false;
    if (strcmp(state, "active") == 0)
        return true;
    return host_error_set(error, HOST_ERROR_FAILED, "%s is %s (‘systemctl status %s’ says why)",
                          subject, state, subject);
}

static bool run_none_failed(const char *subject, const char *detail, GCancellable *cancellable,
                            GError **error)
{
    const char *const argv[] = {"systemctl",   "list-units", "--state=failed", "--plain", "--full",
                                "--no-legend", NULL};
    g_autofree char *output = NULL;
    (void)subject, (void)detail;
    if (!ask(argv, &output, cancellable, error))
        return false;
    if (*output == '\0')
        return true;
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    g_autoptr(GString) names = g_string_new(NULL);
    for (char **line = lines; *line != NULL; line++)
        g_string_append_printf(names, "%s%.*s", names->len > 0 ? ", " : "",
                               (int)strcspn(*line, " "), *line);
    return host_error_set(error, HOST_ERROR_FAILED, "failed: %s", names->str);
}

const HostCheckKind host_check_units = {
    .name = "units",
    .value = HOST_CHECK_LIST,
    .valid = valid_unit,
    .run = run_active,
    .doc = "each of these units is active",
};

const HostCheckKind host_check_no_failed_units = {
    .name = "no-failed-units",
    .value = HOST_CHECK_SWITCH,
    .run = run_none_failed,
    .doc = "no unit has failed",
};
