/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * update_refusal_text:
 * @body: what a server sent with a status that is no success
 *
 * Returns: (transfer full): ": WORDS" out of an error object of Cincinnati or FleetLock
 *   ({"kind", "value"}), printable and short; "" when the server says nothing
 */
char *update_refusal_text(GBytes *body);

G_END_DECLS
