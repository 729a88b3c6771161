/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of the command line.
 */
#include "cmd/error.h"

G_DEFINE_QUARK(cmd_error, cmd_error)
