/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One webhook's or rule's way through its subscription: what is next, when, and what happens
 * after it was taken or failed. The row in bus_delivery outlives the process.
 */
#include "bus/delivery/deliver-target.h"

#include "bus/subscription.h"
#include "bus/transport-state.h"
#include "bus/transport.h"

#include <string.h>

#define READ_EVENTS 50
#define DIGEST_EVENTS 500
#define MAX_WAIT_MS (60u * 60 * 1000)
#define MAX_DOUBLINGS 20

void bus_deliver_target_free(BusDeliverTarget *self)
{
    if (self == NULL)
        return;
    g_free(self->subscription);
    bus_webhook_free(self->hook);
    bus_notify_free(self->rule);
    g_clear_pointer(&self->sending, g_ptr_array_unref);
    g_clear_pointer(&self->events, g_ptr_array_unref);
    bus_deliver_post_free(self->post);
    g_free(self);
}

unsigned bus_deliver_target_wait_ms(unsigned first_ms, unsigned attempt, uint8_t chance)
{
    uint64_t wait_ms = (uint64_t)MAX(first_ms, 1) << MIN(attempt, MAX_DOUBLINGS);
    wait_ms = MIN(wait_ms, MAX_WAIT_MS);
    return (unsigned)(wait_ms - wait_ms / 4 * chance / 255);
}

void bus_deliver_trouble_clear(BusDeliverTrouble *self)
{
    g_clear_pointer(&self->reason, g_free);
}

bool bus_deliver_trouble_load(BusLog *log, const char *subscription, BusDeliverTrouble *out_trouble,
                              GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        bus_log_get_db(log),
        "SELECT attempts, next_us, last_error FROM bus_delivery WHERE subscription = ?1", error);
    bool row = false;
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, subscription);
    if (!base_db_step(statement, &row, error))
        return false;
    *out_trouble = (BusDeliverTrouble){0};
    if (row) {
        out_trouble->attempts = (unsigned)base_db_column_int(statement, "attempts");
        out_trouble->next_us = base_db_column_int(statement, "next_us");
        out_trouble->reason = g_strdup(base_db_column_text(statement, "last_error"));
    }
    base_db_reset(statement);
    return true;
}

static bool load_wait(BusDeliverTarget *self, BusLog *log, GError **error)
{
    g_auto(BusDeliverTrouble) trouble = {0};
    if (!bus_deliver_trouble_load(log, self->subscription, &trouble, error))
        return false;
    self->attempts = trouble.attempts;
    self->wait_until_us = trouble.next_us;
    return true;
}

static bool save_wait(BusDeliverTarget *self, BaseDb *db, const char *reason, GError **error)
{
    BaseDbStatement *statement = base_db_prepare(
        db,
        "INSERT INTO bus_delivery (subscription, seq, attempts, next_us, last_error)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (subscription) DO UPDATE SET"
        " seq = excluded.seq, attempts = excluded.attempts, next_us = excluded.next_us,"
        " last_error = excluded.last_error",
        error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, self->subscription);
    base_db_bind_int(statement, 2, (int64_t)self->through);
    base_db_bind_int(statement, 3, self->attempts);
    base_db_bind_int(statement, 4, self->wait_until_us);
    base_db_bind_text(statement, 5, reason);
    return base_db_run(statement, NULL, error);
}

static bool clear_wait(BusDeliverTarget *self, BaseDb *db, GError **error)
{
    if (self->attempts == 0 && self->wait_until_us == 0)
        return true;
    self->attempts = 0;
    self->wait_until_us = 0;
    BaseDbStatement *statement =
        base_db_prepare(db, "DELETE FROM bus_delivery WHERE subscription = ?1", error);
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, self->subscription);
    return base_db_run(statement, NULL, error);
}

static BusDeliverTarget *new_target(char *subscription)
{
    BusDeliverTarget *self = g_new0(BusDeliverTarget, 1);
    self->subscription = subscription;
    self->seen_head = UINT64_MAX;
    return self;
}

GPtrArray *bus_deliver_target_load(BusLog *log, GError **error)
{
    g_autoptr(GPtrArray) hooks = bus_webhook_list(log, error);
    g_autoptr(GPtrArray) rules = hooks != NULL ? bus_notify_list(log, error) : NULL;
    if (rules == NULL)
        return NULL;
    g_autoptr(GPtrArray) targets =
        g_ptr_array_new_with_free_func((GDestroyNotify)bus_deliver_target_free);
    while (hooks->len > 0) {
        BusWebhook *hook = g_ptr_array_steal_index(hooks, 0);
        BusDeliverTarget *target = new_target(bus_webhook_subscription(hook->name));
        target->hook = hook;
        g_ptr_array_add(targets, target);
    }
    while (rules->len > 0) {
        g_autoptr(BusNotify) rule = g_ptr_array_steal_index(rules, 0);
        if (rule->kind == BUS_NOTIFY_FEED)
            continue;
        BusDeliverTarget *target = new_target(bus_notify_subscription(rule->name));
        target->rule = g_steal_pointer(&rule);
        g_ptr_array_add(targets, target);
    }
    for (unsigned i = 0; i < targets->len; i++) {
        if (!load_wait(g_ptr_array_index(targets, i), log, error))
            return NULL;
    }
    return g_steal_pointer(&targets);
}

static bool is_wanted(const BusDeliverTarget *self, const BusEvent *event)
{
    if (self->hook != NULL)
        return event->body != NULL;
    return event->body != NULL && bus_notify_matches(self->rule, event);
}

/* Somebody removed the subscription, but not whom it is for: others must not wait because of it. */
static bool make_subscription(const BusDeliverTarget *self, BusLog *log, uint64_t head,
                              GError **error)
{
    g_assert(self->hook != NULL || self->rule != NULL);
    char **topics = self->hook != NULL ? self->hook->topics : self->rule->topics;
    return bus_subscription_ensure(log, self->subscription, (const char *const *)topics, head,
                                   BUS_TRANSPORT_LAG_ALARM, error);
}

static bool fetch(BusDeliverTarget *self, BusLog *log, uint64_t head, GError **error)
{
    unsigned limit = self->rule != NULL && self->rule->digest_s > 0 ? DIGEST_EVENTS : READ_EVENTS;
    g_clear_pointer(&self->events, g_ptr_array_unref);
    self->next = 0;
    if (self->seen_head == head)
        return true;
    g_autoptr(GError) local = NULL;
    self->events = bus_subscription_next(log, self->subscription, limit, &local);
    if (self->events == NULL && g_error_matches(local, BUS_ERROR, BUS_ERROR_NOT_FOUND))
        return make_subscription(self, log, head, error);
    if (self->events == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (self->events->len == 0) {
        g_clear_pointer(&self->events, g_ptr_array_unref);
        self->seen_head = head;
    }
    return true;
}

/* Goes past what nobody wants to hear of; one acknowledgement for all of it. */
static bool skip_unwanted(BusDeliverTarget *self, BusLog *log, GError **error)
{
    uint64_t through = 0;
    while (self->next < self->events->len) {
        const BusEvent *event = g_ptr_array_index(self->events, self->next);
        if (is_wanted(self, event))
            break;
        through = event->seq;
        self->next++;
    }
    return through == 0 || bus_subscription_ack(log, self->subscription, through, error);
}

static void collect(BusDeliverTarget *self, bool all)
{
    self->sending = g_ptr_array_new();
    for (unsigned i = self->next; i < self->events->len; i++) {
        BusEvent *event = g_ptr_array_index(self->events, i);
        if (!all && i > self->next)
            break;
        self->through = event->seq;
        if (is_wanted(self, event))
            g_ptr_array_add(self->sending, event);
    }
}

static BusDeliverPost *make_hook_post(const BusDeliverTarget *self,
                                      const BusDeliverOptions *options)
{
    const BusEvent *event = g_ptr_array_index(self->sending, 0);
    g_autofree char *payload = bus_webhook_payload(event);
    if (self->hook != NULL)
        return bus_deliver_post_hook(self->hook, options->instance, event->topic, event->id,
                                     payload);
    g_assert(self->rule != NULL);
    BusWebhook hook = {
        .name = self->rule->name, .url = self->rule->address, .secret = self->rule->secret};
    return bus_deliver_post_hook(&hook, options->instance, event->topic, event->id, payload);
}

static bool make_post(BusDeliverTarget *self, const BusDeliverOptions *options, GError **error)
{
    bool is_mail = self->rule != NULL && self->rule->kind == BUS_NOTIFY_MAIL;
    collect(self, is_mail && self->rule->digest_s > 0);
    if (!is_mail) {
        self->post = make_hook_post(self, options);
        return true;
    }
    if (options->smtp == NULL || options->from == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "no mail server is named (--smtp and --from)");
        return false;
    }
    g_autofree char *mail =
        bus_notify_mail(self->rule, self->sending, options->from, options->instance);
    self->post = bus_deliver_post_mail(options, self->rule->address, mail);
    return true;
}

/* The first event of a digest starts its period; kept in the database, so that restarts do not
 * put it off again and again. */
static bool is_due(BusDeliverTarget *self, BusLog *log, int64_t now_us, bool *out_due,
                   GError **error)
{
    *out_due = true;
    if (self->rule == NULL || self->rule->digest_s == 0 || self->attempts > 0 ||
        self->wait_until_us != 0)
        return true;
    self->wait_until_us = now_us + (int64_t)self->rule->digest_s * G_USEC_PER_SEC;
    *out_due = false;
    return save_wait(self, bus_log_get_db(log), NULL, error);
}

bool bus_deliver_target_prepare(BusDeliverTarget *self, BusLog *log,
                                const BusDeliverOptions *options, uint64_t head, int64_t now_us,
                                GError **error)
{
    bool due = false;
    if (now_us < self->wait_until_us)
        return true;
    /* a digest takes in what has come since it began */
    bool is_digest = self->rule != NULL && self->rule->digest_s > 0;
    if ((self->events == NULL || self->next >= self->events->len || is_digest) &&
        !fetch(self, log, head, error))
        return false;
    if (self->events == NULL)
        return true;
    if (!skip_unwanted(self, log, error))
        return false;
    if (self->next >= self->events->len)
        return true;
    if (!is_due(self, log, now_us, &due, error))
        return false;
    if (!due)
        return true;
    g_autoptr(GError) local = NULL;
    return make_post(self, options, &local) ||
           bus_deliver_target_done(self, log, local, now_us, error);
}

static bool give_up(BusDeliverTarget *self, BusLog *log, const char *reason, GError **error)
{
    for (unsigned i = 0; i < self->sending->len; i++) {
        const BusEvent *event = g_ptr_array_index(self->sending, i);
        if (!bus_subscription_park(log, self->subscription, event->seq, reason, error))
            return false;
    }
    return clear_wait(self, bus_log_get_db(log), error);
}

static void advance(BusDeliverTarget *self)
{
    while (self->next < self->events->len &&
           ((const BusEvent *)g_ptr_array_index(self->events, self->next))->seq <= self->through)
        self->next++;
}

bool bus_deliver_target_done(BusDeliverTarget *self, BusLog *log, const GError *failure,
                             int64_t now_us, GError **error)
{
    unsigned max_attempts = self->hook != NULL ? self->hook->max_attempts : BUS_WEBHOOK_ATTEMPTS;
    unsigned first_ms = self->hook != NULL ? self->hook->first_wait_ms : BUS_WEBHOOK_FIRST_WAIT_MS;
    g_clear_pointer(&self->post, bus_deliver_post_free);
    bool ok = true;
    if (failure == NULL) {
        ok = bus_subscription_ack(log, self->subscription, self->through, error) &&
             clear_wait(self, bus_log_get_db(log), error);
        advance(self);
    } else if (++self->attempts >= max_attempts) {
        g_autofree char *reason =
            g_strdup_printf("%s (%u attempts)", failure->message, self->attempts);
        ok = give_up(self, log, reason, error);
        advance(self);
    } else {
        uint8_t chance = (uint8_t)g_random_int_range(0, 256);
        self->wait_until_us =
            now_us +
            (int64_t)bus_deliver_target_wait_ms(first_ms, self->attempts - 1, chance) * 1000;
        ok = save_wait(self, bus_log_get_db(log), failure->message, error);
    }
    g_clear_pointer(&self->sending, g_ptr_array_unref);
    return ok;
}
