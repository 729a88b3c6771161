/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What ‘status’ says of this boot: whether the version is trusted, its health, what was given up.
 */
#include "cmd/host/status-boot.h"

#include "host/boot.h"
#include "host/health.h"
#include "host/trial.h"
#include "update/ledger.h"

static void set_boot(JsonObject *root, const HostBoot *boot)
{
    JsonObject *object = json_object_new();
    g_autofree char *text = host_boot_print(boot);
    json_object_set_boolean_member(object, "good", boot->is_good && boot->is_default);
    json_object_set_boolean_member(object, "default", boot->is_default);
    json_object_set_boolean_member(object, "fell-back", host_boot_fell_back(boot));
    json_object_set_boolean_member(object, "counted", boot->counts);
    json_object_set_int_member(object, "tries-left", boot_counter_tries_left(boot->counter));
    json_object_set_string_member(object, "text", text);
    json_object_set_object_member(root, "boot", object);
}

static void set_blocked(JsonObject *root, const UpdateLedger *ledger)
{
    JsonArray *array = json_array_new();
    for (unsigned i = 0; ledger != NULL && i < ledger->blocked->len; i++) {
        const UpdateBlocked *one = ledger->blocked->pdata[i];
        JsonObject *object = json_object_new();
        json_object_set_string_member(object, "commit", one->commit);
        json_object_set_string_member(object, "version", one->version);
        json_object_set_string_member(object, "reason", one->reason);
        json_object_set_int_member(object, "time", one->time_s);
        json_array_add_object_element(array, object);
    }
    json_object_set_array_member(root, "blocked", array);
}

void cmd_host_status_boot_json(JsonObject *root, const HostSysroot *sysroot, const char *state_dir)
{
    HostBoot boot = {0};
    host_boot_read(sysroot, &boot);
    g_autoptr(HostHealth) health = host_health_load(HOST_HEALTH_FILE);
    g_autoptr(UpdateLedger) ledger = update_ledger_load(state_dir, NULL);
    g_autofree char *fallback = host_trial_fallback(state_dir, NULL);
    set_boot(root, &boot);
    set_blocked(root, ledger);
    if (fallback != NULL)
        json_object_set_string_member(root, "fallback", fallback);
    if (health != NULL) {
        g_autofree char *text = host_health_print_json(health);
        json_object_set_member(root, "health", json_from_string(text, NULL));
    }
}

static void print_health(GString *text, const HostHealth *health)
{
    unsigned n_required = host_health_count(health, true);
    unsigned n_wanted = host_health_count(health, false);
    if (n_required == 0 && n_wanted == 0)
        g_string_append_printf(text, "    health      all %u checks passed\n",
                               health->results->len);
    else
        g_string_append_printf(text,
                               "    health      %s: %u required and %u wanted checks failed\n",
                               n_required > 0 ? "NOT HEALTHY" : "healthy", n_required, n_wanted);
    for (unsigned i = 0; i < health->results->len; i++) {
        const HostHealthResult *result = health->results->pdata[i];
        if (!result->passed)
            g_string_append_printf(text, "      %-9s %s: %s\n",
                                   result->required ? "required" : "wanted", result->name,
                                   result->text);
    }
}

char *cmd_host_status_boot_print(const HostSysroot *sysroot, const char *state_dir)
{
    HostBoot boot = {0};
    host_boot_read(sysroot, &boot);
    g_autoptr(HostHealth) health = host_health_load(HOST_HEALTH_FILE);
    g_autoptr(UpdateLedger) ledger = update_ledger_load(state_dir, NULL);
    g_autofree char *fallback = host_trial_fallback(state_dir, NULL);
    g_autofree char *state = host_boot_print(&boot);
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "  this version  %s\n", state);
    if (health != NULL)
        print_health(text, health);
    for (unsigned i = 0; ledger != NULL && i < ledger->blocked->len; i++) {
        const UpdateBlocked *one = ledger->blocked->pdata[i];
        g_string_append_printf(text, "    not again   %s: %s\n",
                               *one->version != '\0' ? one->version : one->commit, one->reason);
    }
    if (fallback != NULL)
        g_string_append_printf(text, "\n%s\n", fallback);
    return g_string_free(text, FALSE);
}
