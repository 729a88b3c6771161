/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error domain of the event log.
 */
#include "bus/error.h"

G_DEFINE_QUARK(bus_error, bus_error)
