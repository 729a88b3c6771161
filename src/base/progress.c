/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NULL-safe calls of a progress listener.
 */
#include "base/progress.h"

void base_progress_phase(const BaseProgress *self, const char *name)
{
    if (self != NULL && self->phase != NULL)
        self->phase(name, self->user_data);
}

void base_progress_update(const BaseProgress *self, uint64_t done, uint64_t total, const char *unit)
{
    if (self != NULL && self->update != NULL)
        self->update(done, total, unit, self->user_data);
}

void base_progress_note(const BaseProgress *self, const char *format, ...)
{
    if (self == NULL || self->note == NULL)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    self->note(message, self->user_data);
}
