/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The deliverer: one loop over all targets, with all their transfers under way at once.
 */
#include "bus/delivery/deliver-target.h"

#include "bus/subscription.h"
#include "bus/transport-state.h"
#include "bus/transport.h"

#include <string.h>

#define LOOP_MS 250
#define RELOAD_US (2 * G_USEC_PER_SEC)
#define STANDBY_MS 3000
#define LAG_US (5 * G_USEC_PER_SEC)
#define LOCK "deliver"

typedef struct {
    const BusDeliverOptions *options;
    BusTransportState state;
    CURLM *multi;
    GPtrArray *targets;
    int64_t loaded_us;
    int64_t lag_us;
} Loop;

static void loop_clear(Loop *self)
{
    for (unsigned i = 0; self->targets != NULL && i < self->targets->len; i++) {
        BusDeliverTarget *target = g_ptr_array_index(self->targets, i);
        if (target->post != NULL)
            (void)curl_multi_remove_handle(self->multi, bus_deliver_post_easy(target->post));
    }
    g_clear_pointer(&self->targets, g_ptr_array_unref);
    g_clear_pointer(&self->multi, curl_multi_cleanup);
    bus_transport_state_clear(&self->state);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Loop, loop_clear)

static void report(const BusDeliverOptions *options, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void report(const BusDeliverOptions *options, const char *format, ...)
{
    if (options->report == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    options->report(line, options->user_data);
}

static BusDeliverTarget *find_busy(Loop *self, const char *subscription)
{
    for (unsigned i = 0; self->targets != NULL && i < self->targets->len; i++) {
        BusDeliverTarget *target = g_ptr_array_index(self->targets, i);
        if (target->post != NULL && strcmp(target->subscription, subscription) == 0)
            return target;
    }
    return NULL;
}

/* Takes up what was added, changed or removed; a transfer under way goes on under the rules that
 * it began with. */
static bool reload(Loop *self, GError **error)
{
    int64_t now_us = g_get_monotonic_time();
    if (self->targets != NULL && now_us - self->loaded_us < RELOAD_US)
        return true;
    g_autoptr(GPtrArray) fresh = bus_deliver_target_load(self->state.log, error);
    if (fresh == NULL)
        return false;
    g_autoptr(GPtrArray) targets =
        g_ptr_array_new_with_free_func((GDestroyNotify)bus_deliver_target_free);
    while (fresh->len > 0) {
        g_autoptr(BusDeliverTarget) target = g_ptr_array_steal_index_fast(fresh, 0);
        BusDeliverTarget *busy = find_busy(self, target->subscription);
        guint index = 0;
        if (busy != NULL && g_ptr_array_find(self->targets, busy, &index))
            g_ptr_array_add(targets, g_ptr_array_steal_index_fast(self->targets, index));
        else
            g_ptr_array_add(targets, g_steal_pointer(&target));
    }
    for (unsigned i = 0; self->targets != NULL && i < self->targets->len; i++) {
        BusDeliverTarget *gone = g_ptr_array_index(self->targets, i);
        if (gone->post != NULL)
            (void)curl_multi_remove_handle(self->multi, bus_deliver_post_easy(gone->post));
    }
    g_clear_pointer(&self->targets, g_ptr_array_unref);
    self->targets = g_steal_pointer(&targets);
    self->loaded_us = now_us;
    return true;
}

static bool start_all(Loop *self, uint64_t head, unsigned *out_n_active, GError **error)
{
    *out_n_active = 0;
    for (unsigned i = 0; i < self->targets->len; i++) {
        BusDeliverTarget *target = g_ptr_array_index(self->targets, i);
        if (target->post == NULL) {
            if (!bus_deliver_target_prepare(target, self->state.log, self->options, head,
                                            g_get_real_time(), error))
                return false;
            if (target->post == NULL)
                continue;
            CURL *easy = bus_deliver_post_easy(target->post);
            curl_easy_setopt(easy, CURLOPT_PRIVATE, target);
            (void)curl_multi_add_handle(self->multi, easy);
        }
        (*out_n_active)++;
    }
    return true;
}

static bool finish_one(Loop *self, CURL *easy, CURLcode code, GError **error)
{
    BusDeliverTarget *target = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&target);
    (void)curl_multi_remove_handle(self->multi, easy);
    g_autoptr(GError) failure = NULL;
    bool again = false;
    bool taken = bus_deliver_post_finish(target->post, code, &again, &failure);
    if (again) {
        (void)curl_multi_add_handle(self->multi, easy);
        return true;
    }
    if (!taken)
        report(self->options, "%s: event %" G_GUINT64_FORMAT ": %s", target->subscription,
               target->through, failure->message);
    return bus_deliver_target_done(target, self->state.log, taken ? NULL : failure,
                                   g_get_real_time(), error);
}

static bool finish_all(Loop *self, GError **error)
{
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &left)) != NULL;) {
        if (message->msg == CURLMSG_DONE &&
            !finish_one(self, message->easy_handle, message->data.result, error))
            return false;
    }
    return true;
}

static bool check_lag(Loop *self, GError **error)
{
    int64_t now_us = g_get_monotonic_time();
    if (self->lag_us != 0 && now_us - self->lag_us < (int64_t)LAG_US)
        return true;
    self->lag_us = now_us;
    return bus_subscription_check_lag(self->state.log, NULL, error);
}

static bool turn(Loop *self, GCancellable *cancellable, GError **error)
{
    uint64_t head = 0;
    unsigned n_active = 0;
    if (!reload(self, error) || !check_lag(self, error) ||
        !bus_log_head(self->state.log, &head, error) || !start_all(self, head, &n_active, error))
        return false;
    if (n_active == 0) {
        g_autoptr(GError) local = NULL;
        (void)bus_log_wait(self->state.log, head, LOOP_MS, cancellable, &local);
        if (local != NULL && !g_cancellable_is_cancelled(cancellable)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        return true;
    }
    int running = 0;
    (void)curl_multi_perform(self->multi, &running);
    if (!finish_all(self, error))
        return false;
    if (running == (int)n_active)
        (void)curl_multi_poll(self->multi, NULL, 0, LOOP_MS, NULL);
    return true;
}

/* Opens, and turns until something breaks. @out_was_up: it did turn. */
static bool run_once(const char *url, const char *state_dir, const BusDeliverOptions *options,
                     bool *out_was_up, GCancellable *cancellable, GError **error)
{
    g_auto(Loop) loop = {.options = options, .state = {.lock_fd = -1}};
    loop.multi = curl_multi_init();
    if (!bus_transport_state_open(&loop.state, url, state_dir, LOCK, error))
        return false;
    *out_was_up = true;
    while (!g_cancellable_is_cancelled(cancellable)) {
        if (!turn(&loop, cancellable, error))
            return false;
    }
    return true;
}

static bool run(const char *url, const char *state_dir, const BusDeliverOptions *options,
                bool stand_by, GCancellable *cancellable, GError **error)
{
    static const BusDeliverOptions none = {0};
    if (options == NULL)
        options = &none;
    bool was_up = false;
    unsigned attempt = 0;
    while (!g_cancellable_is_cancelled(cancellable)) {
        g_autoptr(GError) local = NULL;
        bool up = false;
        if (run_once(url, state_dir, options, &up, cancellable, &local))
            break;
        was_up = was_up || up;
        attempt = up ? 0 : attempt + 1;
        if (stand_by && g_error_matches(local, BUS_ERROR, BUS_ERROR_EXISTS)) {
            (void)bus_transport_sleep(STANDBY_MS, cancellable);
            continue;
        }
        if (!was_up && !g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_AWAY) &&
            !g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_BUSY)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        report(options, "%s; trying again", local->message);
        bus_transport_wait(attempt, cancellable);
    }
    return true;
}

bool bus_deliver_run(const char *url, const char *state_dir, const BusDeliverOptions *options,
                     GCancellable *cancellable, GError **error)
{
    return run(url, state_dir, options, false, cancellable, error);
}

bool bus_deliver_standby(const char *url, const char *state_dir, const BusDeliverOptions *options,
                         GCancellable *cancellable, GError **error)
{
    return run(url, state_dir, options, true, cancellable, error);
}
