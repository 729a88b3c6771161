/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How things stand, by the files that results.c writes.
 */
#include "provision/state/results.h"

#include <string.h>

const char *provision_status_name(ProvisionStatus status)
{
    static const char *const names[] = {
        [PROVISION_STATUS_NOT_RUN] = "not run", [PROVISION_STATUS_RUNNING] = "running",
        [PROVISION_STATUS_DONE] = "done",       [PROVISION_STATUS_DEGRADED] = "degraded",
        [PROVISION_STATUS_ERROR] = "error",     [PROVISION_STATUS_DISABLED] = "disabled",
    };
    return names[status];
}

static ProvisionValue *parse(const char *name, GBytes *bytes)
{
    g_autoptr(GError) ignored = NULL;
    ProvisionValue *value =
        bytes != NULL ? provision_value_parse(name, bytes, PROVISION_VALUE_JSON, &ignored) : NULL;
    if (value != NULL && value->kind != PROVISION_VALUE_MAP)
        g_clear_pointer(&value, provision_value_unref);
    return value;
}

static bool has_errors(const ProvisionValue *v1)
{
    for (guint i = 0; v1->members != NULL && i < v1->members->len; i++) {
        const ProvisionMember *member = v1->members->pdata[i];
        const ProvisionValue *errors = member->value->kind == PROVISION_VALUE_MAP
                                           ? provision_value_find(member->value, "errors")
                                           : NULL;
        if (errors != NULL && errors->items != NULL && errors->items->len > 0)
            return true;
    }
    return false;
}

static bool is_number(const ProvisionValue *map, const char *name)
{
    const ProvisionValue *value = provision_value_find(map, name);
    return value != NULL &&
           (value->kind == PROVISION_VALUE_FLOAT || value->kind == PROVISION_VALUE_INT);
}

ProvisionStatus provision_status_parse(GBytes *status, GBytes *result, ProvisionValue **out_result)
{
    g_autoptr(ProvisionValue) all = parse("status.json", status);
    g_autoptr(ProvisionValue) ours = parse("result.json", result);
    const ProvisionValue *v1 = all != NULL ? provision_value_find(all, "v1") : NULL;
    const ProvisionValue *last = NULL;
    ProvisionStatus answer = PROVISION_STATUS_NOT_RUN;
    if (v1 != NULL && v1->kind == PROVISION_VALUE_MAP) {
        const ProvisionValue *outcome = ours != NULL ? provision_value_find(ours, "outcome") : NULL;
        last = provision_value_find(v1, "modules-final");
        bool finished =
            last != NULL && last->kind == PROVISION_VALUE_MAP && is_number(last, "finished");
        if (!finished)
            answer = PROVISION_STATUS_RUNNING;
        else if (has_errors(v1))
            answer = PROVISION_STATUS_ERROR;
        else
            answer = outcome != NULL && g_strcmp0(outcome->text, "degraded") == 0
                         ? PROVISION_STATUS_DEGRADED
                         : PROVISION_STATUS_DONE;
    }
    if (out_result != NULL)
        *out_result = g_steal_pointer(&ours);
    return answer;
}

static bool has_word(const char *text, const char *word)
{
    g_auto(GStrv) words = g_strsplit_set(text != NULL ? text : "", " \n", -1);
    return g_strv_contains((const char *const *)words, word);
}

ProvisionStatus provision_status_read(ProvisionRoot *root, ProvisionValue **out_result)
{
    struct stat st = {0};
    g_autoptr(GBytes) status = provision_root_read(root, "/run/cloud-init/status.json", NULL);
    g_autoptr(GBytes) result = provision_root_read(root, PROVISION_RESULT_FILE, NULL);
    ProvisionStatus answer = provision_status_parse(status, result, out_result);
    g_autofree char *cmdline = NULL;
    if (answer != PROVISION_STATUS_NOT_RUN)
        return answer;
    if (provision_root_is_running(root))
        (void)g_file_get_contents("/proc/cmdline", &cmdline, NULL, NULL);
    if (provision_root_stat(root, "/etc/cloud/cloud-init.disabled", PROVISION_ROOT_FOLLOW, &st) ||
        has_word(cmdline, "cloud-init=disabled"))
        return PROVISION_STATUS_DISABLED;
    return PROVISION_STATUS_NOT_RUN;
}
