/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weekly windows against the clock. Owns no clock: now is a parameter.
 */
#include "update/window.h"

#include <string.h>

#define WEEK_DAYS 7

GTimeZone *update_window_zone(const char *name, GError **error)
{
    if (strcmp(name, "localtime") == 0)
        return g_time_zone_new_local();
    GTimeZone *zone = g_time_zone_new_identifier(name);
    if (zone == NULL)
        g_set_error(error, UPDATE_ERROR, UPDATE_ERROR_INVALID,
                    "this host knows no time zone ‘%s’ (a name like Europe/Paris, UTC, or "
                    "localtime)",
                    name);
    return zone;
}

/* When the window starts in the week of @now, @weeks later. */
static int64_t start_of(const UpdateWindow *window, GTimeZone *zone, GDateTime *now, int weeks)
{
    int days = (int)window->day - g_date_time_get_day_of_week(now) + weeks * WEEK_DAYS;
    g_autoptr(GDateTime) day = g_date_time_add_days(now, days);
    g_autoptr(GDateTime) start =
        g_date_time_new(zone, g_date_time_get_year(day), g_date_time_get_month(day),
                        g_date_time_get_day_of_month(day), (int)window->start_minute / 60,
                        (int)window->start_minute % 60, 0);
    return g_date_time_to_unix(start);
}

bool update_window_is_open(const GArray *windows, GTimeZone *zone, int64_t now_s,
                           int64_t *out_next_s)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(now_s);
    g_autoptr(GDateTime) now = g_date_time_to_timezone(utc, zone);
    int64_t next_s = -1;
    for (guint i = 0; i < windows->len; i++) {
        const UpdateWindow *window = &g_array_index(windows, UpdateWindow, i);
        /* one that began last week may still be open */
        for (int weeks = -1; weeks <= 1; weeks++) {
            int64_t start_s = start_of(window, zone, now, weeks);
            if (start_s <= now_s && now_s < start_s + (int64_t)window->length_minutes * 60) {
                *out_next_s = now_s;
                return true;
            }
            if (start_s > now_s && (next_s < 0 || start_s < next_s))
                next_s = start_s;
        }
    }
    *out_next_s = next_s;
    return false;
}
