/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** cmd_host_nagios: what atoll-host is when it is called check_atoll: a monitoring plugin; returns
 * its exit status, 0 (OK) to 3 (UNKNOWN) */
int cmd_host_nagios(int argc, char **argv);

G_END_DECLS
