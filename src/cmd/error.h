/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define CMD_ERROR (cmd_error_quark())

/**
 * CmdError:
 * @CMD_ERROR_FAILED: no caller tells this failure apart
 * @CMD_ERROR_USAGE: the command line is wrong; the program exits with %CMD_EXIT_USAGE
 */
typedef enum {
    CMD_ERROR_FAILED,
    CMD_ERROR_USAGE,
} CmdError;

GQuark cmd_error_quark(void);

G_END_DECLS
