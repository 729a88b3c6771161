/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reboots in weekly windows.
 */
#include "update/strategy.h"

static char *check(const UpdateConfig *config)
{
    return config->windows->len == 0
               ? g_strdup("the strategy periodic needs ‘periodic.windows’: with none of them the "
                          "host would never reboot")
               : NULL;
}

static bool may_reboot(const UpdateConfig *config, const char *node_id, int64_t now_s,
                       UpdateVerdict *out_verdict, GCancellable *cancellable, GError **error)
{
    (void)node_id, (void)cancellable;
    int64_t next_s = -1;
    g_autoptr(GTimeZone) zone = update_window_zone(config->time_zone, error);
    if (zone == NULL)
        return false;
    if (update_window_is_open(config->windows, zone, now_s, &next_s)) {
        *out_verdict = (UpdateVerdict){.may = true};
        return true;
    }
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(next_s);
    g_autoptr(GDateTime) next = g_date_time_to_timezone(utc, zone);
    g_autofree char *text = g_date_time_format(next, "%a %Y-%m-%d %H:%M %Z");
    *out_verdict = (UpdateVerdict){
        .again_s = next_s, .reason = g_strdup_printf("the next window for reboots opens %s", text)};
    return true;
}

const UpdateStrategy update_strategy_periodic = {
    .name = "periodic", .check = check, .may_reboot = may_reboot};
