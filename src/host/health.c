/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes the checks, each within its time.
 */
#include "host/health.h"

#include "base/run.h"
#include "base/watchdog.h"
#include "host/error.h"

#include <string.h>

#define AGAIN_US (2 * G_USEC_PER_SEC)

static void result_free(void *data)
{
    HostHealthResult *self = data;
    g_free(self->name);
    g_free(self->text);
    g_free(self);
}

HostHealth *host_health_new(void)
{
    HostHealth *self = g_new0(HostHealth, 1);
    self->results = g_ptr_array_new_with_free_func(result_free);
    return self;
}

HostHealth *host_health_new_broken(const char *text)
{
    HostHealth *self = host_health_new();
    HostHealthResult *result = g_new0(HostHealthResult, 1);
    *result =
        (HostHealthResult){.name = g_strdup("health.d"), .required = true, .text = g_strdup(text)};
    g_ptr_array_add(self->results, result);
    self->time_s = g_get_real_time() / G_USEC_PER_SEC;
    return self;
}

void host_health_free(HostHealth *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->results);
    g_free(self);
}

static void keep_line(const char *line, void *last)
{
    if (*line == '\0')
        return;
    g_free(*(char **)last);
    *(char **)last = g_strdup(line);
}

/* What a program says last is for people; what became of it matters only when it says nothing. */
static bool run_program(const HostCheck *check, GCancellable *cancellable, GError **error)
{
    const char *const argv[] = {check->subject, NULL};
    g_autofree char *said = NULL;
    g_autoptr(GError) local = NULL;
    const BaseRun run = {.argv = argv,
                         .what = check->name,
                         .name = "",
                         .flags = BASE_RUN_DIE_WITH_PARENT,
                         .on_line = keep_line,
                         .user_data = &said};
    if (base_run(&run, NULL, cancellable, &local))
        return true;
    local->message[strcspn(local->message, "\n")] = '\0';
    return host_error_set(error, HOST_ERROR_FAILED, "%s", said != NULL ? said : local->message);
}

static bool run_once(const HostCheck *check, GCancellable *cancellable, GError **error)
{
    g_autoptr(BaseWatchdog) watchdog = base_watchdog_new(check->timeout_s, cancellable);
    GCancellable *limit = base_watchdog_cancellable(watchdog);
    g_autoptr(GError) local = NULL;
    if (check->kind != NULL ? check->kind->run(check->subject, check->detail, limit, &local)
                            : run_program(check, limit, &local))
        return true;
    if (base_watchdog_has_bitten(watchdog))
        return host_error_set(error, HOST_ERROR_FAILED, "it took longer than %u seconds",
                              check->timeout_s);
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static HostHealthResult *run_check(const HostCheck *check, int64_t wait_until_us,
                                   GCancellable *cancellable)
{
    HostHealthResult *result = g_new0(HostHealthResult, 1);
    result->name = g_strdup(check->name);
    result->required = check->required;
    for (;;) {
        g_autoptr(GError) error = NULL;
        int64_t start_us = g_get_monotonic_time();
        result->passed = run_once(check, cancellable, &error);
        result->duration_ms = (uint64_t)(g_get_monotonic_time() - start_us) / 1000;
        g_free(result->text);
        result->text = g_strdup(error != NULL ? error->message : "");
        if (result->passed || g_get_monotonic_time() >= wait_until_us ||
            g_cancellable_is_cancelled(cancellable))
            return result;
        g_usleep(AGAIN_US);
    }
}

HostHealth *host_health_run(const GPtrArray *checks, HostHealthFlags flags,
                            GCancellable *cancellable, GError **error)
{
    g_autoptr(HostHealth) self = host_health_new();
    int64_t start_us = g_get_monotonic_time();
    for (unsigned i = 0; i < checks->len; i++) {
        const HostCheck *check = checks->pdata[i];
        int64_t wait_us = (flags & HOST_HEALTH_WAIT) != 0 ? check->wait_s * G_USEC_PER_SEC : 0;
        g_ptr_array_add(self->results, run_check(check, start_us + wait_us, cancellable));
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return NULL;
    }
    self->time_s = g_get_real_time() / G_USEC_PER_SEC;
    return g_steal_pointer(&self);
}

unsigned host_health_count(const HostHealth *self, bool required)
{
    unsigned n = 0;
    for (unsigned i = 0; i < self->results->len; i++) {
        const HostHealthResult *result = self->results->pdata[i];
        n += !result->passed && result->required == required;
    }
    return n;
}

char *host_health_first(const HostHealth *self)
{
    for (unsigned i = 0; i < self->results->len; i++) {
        const HostHealthResult *result = self->results->pdata[i];
        if (!result->passed && result->required)
            return g_strdup_printf("required health check ‘%s’ failed: %s", result->name,
                                   result->text);
    }
    return NULL;
}
