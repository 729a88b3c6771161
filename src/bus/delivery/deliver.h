/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/**
 * BusDeliverOptions:
 * @smtp: (nullable): smtp or smtps URL of the mail server, with the user in it when there is one
 * @smtp_password: (nullable): sent over TLS only, but to this machine itself
 * @smtp_ca_file: (nullable): certificates to trust instead of the system's (PEM)
 * @from: (nullable): sender of mails
 * @instance: (nullable): URL of the server that shows the log, for links
 * @report: (nullable): called with a line for the operator
 * @user_data: for @report
 *
 * How to deliver. All borrowed.
 */
typedef struct {
    const char *smtp;
    const char *smtp_password;
    const char *smtp_ca_file;
    const char *from;
    const char *instance;
    void (*report)(const char *line, void *user_data);
    void *user_data;
} BusDeliverOptions;

/**
 * BusDeliverTrouble:
 * @attempts: how often the next delivery has failed; 0 when nothing is wrong
 * @next_us: when it is tried again, microseconds of Unix time
 * @reason: (owned) (nullable): why it failed
 *
 * What keeps a webhook or rule from its next delivery.
 */
typedef struct {
    unsigned attempts;
    int64_t next_us;
    char *reason;
} BusDeliverTrouble;

void bus_deliver_trouble_clear(BusDeliverTrouble *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BusDeliverTrouble, bus_deliver_trouble_clear)

/** bus_deliver_trouble_load: of the subscription of a webhook or rule */
bool bus_deliver_trouble_load(BusLog *log, const char *subscription, BusDeliverTrouble *out_trouble,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_deliver_run:
 * @url: the state database
 * @state_dir: the state directory
 * @options: (nullable): how
 * @cancellable: ends it
 * @error: %BUS_ERROR_EXISTS when another process delivers
 *
 * Delivers to webhooks and people until it is cancelled, and waits for a database that is away.
 * Hooks are served beside one another; events of one hook in order, each after the one before
 * was taken or given up. What fails is tried again with growing waits that a restart remembers.
 */
bool bus_deliver_run(const char *url, const char *state_dir, const BusDeliverOptions *options,
                     GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_deliver_standby:
 *
 * As bus_deliver_run(), but where another process delivers already, waits to take over: for
 * servers of which several run on one database.
 */
bool bus_deliver_standby(const char *url, const char *state_dir, const BusDeliverOptions *options,
                         GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
