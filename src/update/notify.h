/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** update_notify_send: tells systemd @text, as sd_notify(3) does; nothing when it does not listen
 */
void update_notify_send(const char *text);

/**
 * update_notify_watchdog:
 *
 * Returns: source of the main loop that tells systemd's watchdog that it still turns, twice as
 *   often as it asks for; 0 when it does not ask
 */
guint update_notify_watchdog(void);

G_END_DECLS
