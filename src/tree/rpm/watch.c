/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of scripts: in time, and for good.
 */
#include "tree/rpm/watch.h"

#include "base/fd.h"
#include "tree/rpm/transaction.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct _TreeRpmWatch {
    GMutex mutex;
    GCond changed;
    unsigned limit_s;
    char *script; /* owned, nullable: what is running */
    int64_t end_us;
};

void tree_rpm_watch_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    /* after a newline, since a script may have printed half a line */
    g_autofree char *line = g_strconcat("\n" TREE_RPM_TRANSACTION_MARK, text, "\n", NULL);
    (void)!base_fd_write_all(STDOUT_FILENO, line, strlen(line), NULL);
}

static void *watch(void *data)
{
    TreeRpmWatch *self = data;
    g_mutex_lock(&self->mutex);
    for (;;) {
        if (self->script == NULL || self->limit_s == 0) {
            g_cond_wait(&self->changed, &self->mutex);
        } else if (!g_cond_wait_until(&self->changed, &self->mutex, self->end_us) &&
                   self->script != NULL && g_get_monotonic_time() >= self->end_us) {
            tree_rpm_watch_say("error %s did not end within %u seconds", self->script,
                               self->limit_s);
            _exit(1);
        }
    }
}

TreeRpmWatch *tree_rpm_watch_new(unsigned limit_s)
{
    TreeRpmWatch *self = g_new0(TreeRpmWatch, 1);
    g_mutex_init(&self->mutex);
    g_cond_init(&self->changed);
    self->limit_s = limit_s;
    g_thread_unref(g_thread_new("watch", watch, self));
    return self;
}

void tree_rpm_watch_begin(TreeRpmWatch *self, const char *script)
{
    g_mutex_lock(&self->mutex);
    g_free(self->script);
    self->script = g_strdup(script);
    self->end_us = g_get_monotonic_time() + (int64_t)self->limit_s * G_USEC_PER_SEC;
    g_cond_signal(&self->changed);
    g_mutex_unlock(&self->mutex);
}

void tree_rpm_watch_end(TreeRpmWatch *self)
{
    g_mutex_lock(&self->mutex);
    g_clear_pointer(&self->script, g_free);
    g_cond_signal(&self->changed);
    g_mutex_unlock(&self->mutex);
    /* as process 1: everybody else there is */
    (void)kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}
