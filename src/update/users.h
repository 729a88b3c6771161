/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** update_users_count: how many people are logged in on a terminal, as utmp(5) has it */
unsigned update_users_count(void);

G_END_DECLS
