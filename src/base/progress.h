/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * BaseProgress:
 * @phase: called when a phase starts ("fetching packages"), from the calling thread
 * @update: called from any thread, often; @done and @total in the phase's own unit; 0 total when
 * unknown
 * @note: one line an operator should see (a warning), from any thread
 * @user_data: passed back
 *
 * How a room tells what it does without knowing who listens. All members may be %NULL, and
 * a %NULL BaseProgress is valid everywhere.
 */
typedef struct {
    void (*phase)(const char *name, void *user_data);
    void (*update)(uint64_t done, uint64_t total, const char *unit, void *user_data);
    void (*note)(const char *message, void *user_data);
    void *user_data;
} BaseProgress;

/** base_progress_phase: announces the phase @name */
void base_progress_phase(const BaseProgress *self, const char *name);

/** base_progress_update: reports @done of @total; @unit is "bytes" or a plural noun */
void base_progress_update(const BaseProgress *self, uint64_t done, uint64_t total,
                          const char *unit);

/** base_progress_note: passes one line to the operator */
void base_progress_note(const BaseProgress *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS
