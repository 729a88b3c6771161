/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Progress on standard error: on a terminal one line that rewrites itself at most ten times
 * a second, elsewhere (logs, CI) one plain line a phase.
 */
#include "cmd/terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_COLUMNS 79
#define TERMINAL_REDRAW_US (G_USEC_PER_SEC / 10)

struct _CmdTerminal {
    BaseProgress progress;
    GMutex lock; /* updates come from any thread */
    bool is_tty;
    bool is_quiet;
    bool line_shown;
    char *phase;
    int64_t phase_start_us;
    int64_t drawn_us;
};

static char *amount(uint64_t value, const char *unit)
{
    if (strcmp(unit, "bytes") == 0)
        return g_format_size(value);
    return g_strdup_printf("%" G_GUINT64_FORMAT, value);
}

char *cmd_terminal_line(const char *phase, uint64_t done, uint64_t total, const char *unit,
                        int64_t elapsed_us)
{
    bool is_bytes = strcmp(unit, "bytes") == 0;
    GString *line = g_string_new(phase);
    g_autofree char *done_text = amount(done, unit);
    if (total > 0) {
        g_autofree char *total_text = amount(total, unit);
        double share = MIN(1.0, (double)done / (double)total);
        g_string_append_printf(line, "  %3.0f %%  %s of %s", share * 100, done_text, total_text);
    } else {
        g_string_append_printf(line, "  %s", done_text);
    }
    if (!is_bytes) {
        g_string_append_printf(line, " %s", unit);
    } else if (elapsed_us > 0) {
        double rate = (double)done * G_USEC_PER_SEC / (double)elapsed_us;
        g_autofree char *rate_text = g_format_size((guint64)rate);
        g_string_append_printf(line, ", %s/s", rate_text);
    }
    if (g_utf8_strlen(line->str, -1) > TERMINAL_COLUMNS) {
        const char *end = g_utf8_offset_to_pointer(line->str, TERMINAL_COLUMNS);
        g_string_truncate(line, (size_t)(end - line->str));
    }
    return g_string_free(line, FALSE);
}

static void wipe_line(CmdTerminal *self)
{
    if (self->line_shown)
        fputs("\r\033[K", stderr);
    self->line_shown = false;
}

static void draw_line(CmdTerminal *self, const char *line, int64_t now_us)
{
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    self->line_shown = true;
    self->drawn_us = now_us;
}

static void on_phase(const char *name, void *user_data)
{
    CmdTerminal *self = user_data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_free(self->phase);
    self->phase = g_strdup(name);
    self->phase_start_us = g_get_monotonic_time();
    if (self->is_quiet)
        return;
    if (self->is_tty)
        draw_line(self, name, 0);
    else
        fprintf(stderr, "%s\n", name);
}

static void on_update(uint64_t done, uint64_t total, const char *unit, void *user_data)
{
    CmdTerminal *self = user_data;
    if (self->is_quiet || !self->is_tty)
        return;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    int64_t now_us = g_get_monotonic_time();
    bool is_last = total > 0 && done >= total;
    if (!is_last && now_us - self->drawn_us < TERMINAL_REDRAW_US)
        return;
    const char *phase = self->phase == NULL ? "" : self->phase;
    g_autofree char *line =
        cmd_terminal_line(phase, done, total, unit, now_us - self->phase_start_us);
    draw_line(self, line, now_us);
}

static void on_note(const char *message, void *user_data)
{
    CmdTerminal *self = user_data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    wipe_line(self);
    fprintf(stderr, "%s: %s\n", g_get_prgname(), message);
}

CmdTerminal *cmd_terminal_new(CmdTerminalFlags flags)
{
    CmdTerminal *self = g_new0(CmdTerminal, 1);
    g_mutex_init(&self->lock);
    self->is_tty = isatty(STDERR_FILENO) == 1;
    self->is_quiet = (flags & CMD_TERMINAL_QUIET) != 0;
    self->progress =
        (BaseProgress){.phase = on_phase, .update = on_update, .note = on_note, .user_data = self};
    return self;
}

void cmd_terminal_free(CmdTerminal *self)
{
    if (self == NULL)
        return;
    wipe_line(self);
    g_mutex_clear(&self->lock);
    g_free(self->phase);
    g_free(self);
}

const BaseProgress *cmd_terminal_progress(const CmdTerminal *self)
{
    return &self->progress;
}
