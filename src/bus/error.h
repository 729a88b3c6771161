/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BUS_ERROR (bus_error_quark())
GQuark bus_error_quark(void);

/**
 * BusError:
 * @BUS_ERROR_FAILED: anything else
 * @BUS_ERROR_INVALID: an event, topic, query or frame that is not well-formed
 * @BUS_ERROR_TOO_LARGE: over a documented limit
 * @BUS_ERROR_DENIED: no grant lets this actor or key publish this topic
 * @BUS_ERROR_EXISTS: an event of that id is in the log
 * @BUS_ERROR_BROKEN: the log does not prove: altered, removed, swapped or forked
 * @BUS_ERROR_NOT_FOUND: no such event, key or subscription
 */
typedef enum {
    BUS_ERROR_FAILED,
    BUS_ERROR_INVALID,
    BUS_ERROR_TOO_LARGE,
    BUS_ERROR_DENIED,
    BUS_ERROR_EXISTS,
    BUS_ERROR_BROKEN,
    BUS_ERROR_NOT_FOUND,
} BusError;

G_END_DECLS
