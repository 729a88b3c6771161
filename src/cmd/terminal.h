/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"

G_BEGIN_DECLS

/**
 * CmdTerminalFlags:
 * @CMD_TERMINAL_DEFAULT: progress on standard error: one line that rewrites itself when that
 *   is a terminal, else one plain line a phase
 * @CMD_TERMINAL_QUIET: notes only
 */
typedef enum {
    CMD_TERMINAL_DEFAULT = 0,
    CMD_TERMINAL_QUIET = 1 << 0,
} CmdTerminalFlags;

/**
 * CmdTerminal:
 *
 * Shows a BaseProgress to a person.
 */
typedef struct _CmdTerminal CmdTerminal;

CmdTerminal *cmd_terminal_new(CmdTerminalFlags flags);

/** cmd_terminal_free: also wipes the progress line */
void cmd_terminal_free(CmdTerminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdTerminal, cmd_terminal_free)

/** cmd_terminal_progress: what to hand to the rooms; lives as long as @self */
const BaseProgress *cmd_terminal_progress(const CmdTerminal *self);

/**
 * cmd_terminal_line:
 * @phase: what is being done
 * @done: how much of it
 * @total: of how much; 0 when unknown
 * @unit: "bytes" or a plural noun
 * @elapsed_us: microseconds since the phase began
 *
 * Returns: (transfer full): the line that a terminal shows, without line end
 */
char *cmd_terminal_line(const char *phase, uint64_t done, uint64_t total, const char *unit,
                        int64_t elapsed_us);

G_END_DECLS
