/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A bridge: a thread out, a thread in, a thread for replays; each opens what it needs, and opens
 * it anew when something breaks. What moves is transport-bridge-in.c's and -out.c's.
 */
#include "bus/transport-bridge-private.h"

#include "base/error.h"
#include "bus/transports/zeromq.h"

#include <string.h>

typedef struct {
    const BusBridge *bridge;
    const char *what;
    bool (*run_once)(const BusBridge *bridge, unsigned *attempt, GCancellable *cancellable,
                     GError **error);
    GCancellable *cancellable;
    GError *error;
} Worker;

char *bus_bridge_subscription(const char *name)
{
    return g_strconcat("bridge:", name, NULL);
}

static void report(const Worker *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void report(const Worker *self, const char *format, ...)
{
    if (self->bridge->report == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line = g_strdup_printf("%s: %s", self->what, text);
    self->bridge->report(line, self->bridge->user_data);
}

static char *lock_name(const BusBridge *bridge, const char *way)
{
    return g_strdup_printf("bridge-%s-%s", bridge->name, way);
}

static bool run_out(const BusBridge *bridge, unsigned *attempt, GCancellable *cancellable,
                    GError **error)
{
    g_autofree char *lock = lock_name(bridge, "out");
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!bus_transport_state_open(&state, bridge->database, bridge->state_dir, lock, error))
        return false;
    void *session = bridge->transport->open(bridge->out, BUS_TRANSPORT_OUT, error);
    if (session == NULL)
        return false;
    *attempt = 0;
    bool ok = bus_bridge_move_out(bridge, &state, session, cancellable, error);
    bridge->transport->close(session);
    return ok;
}

static bool run_in(const BusBridge *bridge, unsigned *attempt, GCancellable *cancellable,
                   GError **error)
{
    g_autofree char *lock = lock_name(bridge, "in");
    g_auto(BusTransportState) state = {.lock_fd = -1};
    BusTransportOptions options = *bridge->in;
    if (!bus_transport_state_open(&state, bridge->database, bridge->state_dir, lock, error) ||
        !bus_bridge_position(state.db, bridge->name, &options.position, error))
        return false;
    void *session = bridge->transport->open(&options, BUS_TRANSPORT_IN, error);
    if (session == NULL)
        return false;
    *attempt = 0;
    bool ok = bus_bridge_move_in(bridge, &state, session, cancellable, error);
    bridge->transport->close(session);
    return ok;
}

static bool run_replay(const BusBridge *bridge, unsigned *attempt, GCancellable *cancellable,
                       GError **error)
{
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!bus_transport_state_open(&state, bridge->database, bridge->state_dir, NULL, error))
        return false;
    *attempt = 0;
    return bus_zeromq_replay_run(state.log, bridge->out, cancellable, error);
}

/* The first try says at once what is wrong with the options; later ones wait it out. */
static bool is_final(const GError *error)
{
    return bus_transport_is_permanent(error) ||
           g_error_matches(error, BUS_ERROR, BUS_ERROR_EXISTS) ||
           g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND) ||
           g_error_matches(error, BASE_DB_ERROR, BASE_DB_ERROR_NEWER);
}

static gpointer work(gpointer data)
{
    Worker *self = data;
    unsigned attempt = 0;
    bool was_up = false;
    g_autofree char *last = NULL;
    while (!g_cancellable_is_cancelled(self->cancellable)) {
        g_autoptr(GError) error = NULL;
        unsigned before = ++attempt;
        bool ok = self->run_once(self->bridge, &attempt, self->cancellable, &error);
        if (ok || g_cancellable_is_cancelled(self->cancellable))
            break;
        was_up = was_up || attempt != before;
        if (!was_up && is_final(error)) {
            self->error = g_steal_pointer(&error);
            g_cancellable_cancel(self->cancellable);
            break;
        }
        if (g_strcmp0(last, error->message) != 0)
            report(self, "%s; trying again", error->message);
        g_free(last);
        last = g_strdup(error->message);
        bus_transport_wait(attempt, self->cancellable);
    }
    return NULL;
}

static void cancel_inner(GCancellable *outer, gpointer inner)
{
    g_cancellable_cancel(inner);
}

bool bus_bridge_run(const BusBridge *self, GCancellable *cancellable, GError **error)
{
    g_autoptr(GCancellable) inner = g_cancellable_new();
    gulong handler = cancellable != NULL
                         ? g_cancellable_connect(cancellable, G_CALLBACK(cancel_inner), inner, NULL)
                         : 0;
    Worker workers[3];
    GThread *threads[3];
    unsigned n = 0;
    if (self->out != NULL)
        workers[n++] = (Worker){self, "out", run_out, inner, NULL};
    if (self->in != NULL)
        workers[n++] = (Worker){self, "in", run_in, inner, NULL};
    if (self->out != NULL && self->out->replay != NULL)
        workers[n++] = (Worker){self, "replay", run_replay, inner, NULL};
    for (unsigned i = 0; i < n; i++)
        threads[i] = g_thread_new(workers[i].what, work, &workers[i]);
    bool ok = true;
    for (unsigned i = 0; i < n; i++) {
        (void)g_thread_join(threads[i]);
        if (workers[i].error == NULL)
            continue;
        if (ok)
            g_propagate_error(error, g_steal_pointer(&workers[i].error));
        g_clear_error(&workers[i].error);
        ok = false;
    }
    if (handler != 0)
        g_cancellable_disconnect(cancellable, handler);
    return ok;
}
