/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define UPDATE_ERROR (update_error_quark())
GQuark update_error_quark(void);

/**
 * UpdateError:
 * @UPDATE_ERROR_FAILED: anything else
 * @UPDATE_ERROR_INVALID: a graph, reply or configuration that is not well-formed
 */
typedef enum { UPDATE_ERROR_FAILED, UPDATE_ERROR_INVALID } UpdateError;

G_END_DECLS
