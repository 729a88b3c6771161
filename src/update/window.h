/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * UpdateWindow:
 * @day: 1 for Monday to 7 for Sunday
 * @start_minute: minutes after midnight, local to the windows' time zone
 * @length_minutes: up to a week
 *
 * A weekly span of time in which the host may reboot. It may run past midnight.
 */
typedef struct {
    unsigned day;
    unsigned start_minute;
    unsigned length_minutes;
} UpdateWindow;

/** update_window_zone: (transfer full): the zone @name ("UTC", "localtime", "Europe/Paris");
 * %UPDATE_ERROR_INVALID for one this host does not know */
GTimeZone *update_window_zone(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * update_window_is_open:
 * @windows: (element-type UpdateWindow)
 * @zone: their time zone
 * @now_s: Unix time
 * @out_next_s: (out): when a window opens next; @now_s when one is open, -1 when there is none
 *
 * A window starts by the wall clock (one that daylight saving skips starts when the clock has
 * jumped) and lasts its length in real time.
 */
bool update_window_is_open(const GArray *windows, GTimeZone *zone, int64_t now_s,
                           int64_t *out_next_s);

G_END_DECLS
