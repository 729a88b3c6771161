/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A time limit that progress renews: a thread that sleeps until it is over.
 */
#include "base/watchdog.h"

struct _BaseWatchdog {
    GCancellable *inner; /* owned */
    GCancellable *outer; /* owned */
    gulong handler;
    int64_t limit_us;
    GThread *thread; /* owned */
    GMutex mutex;
    GCond cond;
    int64_t deadline_us;
    bool ends;
    bool bit;
};

static void *watch(void *data)
{
    BaseWatchdog *self = data;
    g_mutex_lock(&self->mutex);
    while (!self->ends && g_get_monotonic_time() < self->deadline_us)
        (void)g_cond_wait_until(&self->cond, &self->mutex, self->deadline_us);
    self->bit = !self->ends;
    g_mutex_unlock(&self->mutex);
    if (self->bit)
        g_cancellable_cancel(self->inner);
    return NULL;
}

static void pass_on(GCancellable *outer, void *inner)
{
    (void)outer;
    g_cancellable_cancel(inner);
}

BaseWatchdog *base_watchdog_new(unsigned limit_s, GCancellable *outer)
{
    BaseWatchdog *self = g_new0(BaseWatchdog, 1);
    g_mutex_init(&self->mutex);
    g_cond_init(&self->cond);
    self->inner = g_cancellable_new();
    if (outer != NULL) {
        self->outer = g_object_ref(outer);
        self->handler = g_cancellable_connect(outer, G_CALLBACK(pass_on), self->inner, NULL);
    }
    self->limit_us = (int64_t)limit_s * G_USEC_PER_SEC;
    self->deadline_us = g_get_monotonic_time() + self->limit_us;
    if (limit_s > 0)
        self->thread = g_thread_new("watchdog", watch, self);
    return self;
}

void base_watchdog_free(BaseWatchdog *self)
{
    if (self == NULL)
        return;
    if (self->outer != NULL)
        g_cancellable_disconnect(self->outer, self->handler);
    g_mutex_lock(&self->mutex);
    self->ends = true;
    g_cond_signal(&self->cond);
    g_mutex_unlock(&self->mutex);
    if (self->thread != NULL)
        (void)g_thread_join(self->thread);
    g_clear_object(&self->inner);
    g_clear_object(&self->outer);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->cond);
    g_free(self);
}

GCancellable *base_watchdog_cancellable(const BaseWatchdog *self)
{
    return self->inner;
}

void base_watchdog_pat(BaseWatchdog *self)
{
    g_mutex_lock(&self->mutex);
    self->deadline_us = g_get_monotonic_time() + self->limit_us;
    g_mutex_unlock(&self->mutex);
}

bool base_watchdog_has_bitten(BaseWatchdog *self)
{
    g_mutex_lock(&self->mutex);
    bool bit = self->bit;
    g_mutex_unlock(&self->mutex);
    return bit;
}
