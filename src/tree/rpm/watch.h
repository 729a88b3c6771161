/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * TreeRpmWatch:
 *
 * Sees to it that scripts end, with all that they have started. For process 1 of a sandbox.
 */
typedef struct _TreeRpmWatch TreeRpmWatch;

/** tree_rpm_watch_new: (transfer full): a watch over scripts that may take @limit_s
 * seconds, 0 for as long as they like;
 * never freed: it lasts as long as the process */
TreeRpmWatch *tree_rpm_watch_new(unsigned limit_s);

/** tree_rpm_watch_begin: @script begins; when it is not ended in time, an error that names it
 * is printed, and the process ends with status 1 */
void tree_rpm_watch_begin(TreeRpmWatch *self, const char *script);

/** tree_rpm_watch_end: the script has ended; what it has left running is killed */
void tree_rpm_watch_end(TreeRpmWatch *self);

/** tree_rpm_watch_say: prints a line for whoever started the process */
void tree_rpm_watch_say(const char *format, ...) G_GNUC_PRINTF(1, 2);

G_END_DECLS
