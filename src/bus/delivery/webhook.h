/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/** BUS_WEBHOOK_ATTEMPTS: tries before an event goes to the dead-letter place, unless said */
#define BUS_WEBHOOK_ATTEMPTS 12
/** BUS_WEBHOOK_FIRST_WAIT_MS: before the second try; doubled for each further one */
#define BUS_WEBHOOK_FIRST_WAIT_MS 2000

/**
 * BusWebhook:
 * @name: (owned)
 * @url: (owned): http or https
 * @topics: (owned): globs, %NULL-terminated; empty for all
 * @secret: (owned) (nullable): key of the signatures; %NULL leaves them out
 * @max_attempts: see %BUS_WEBHOOK_ATTEMPTS
 * @first_wait_ms: see %BUS_WEBHOOK_FIRST_WAIT_MS
 * @allow_private: may be redirected to a private address
 *
 * Whom to tell by HTTP.
 */
typedef struct {
    char *name;
    char *url;
    char **topics;
    char *secret;
    unsigned max_attempts;
    unsigned first_wait_ms;
    bool allow_private;
} BusWebhook;

void bus_webhook_free(BusWebhook *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusWebhook, bus_webhook_free)

/** bus_webhook_add: with its subscription, which starts after the newest event;
 * %BUS_ERROR_EXISTS, %BUS_ERROR_INVALID */
bool bus_webhook_add(BusLog *log, const BusWebhook *hook, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_webhook_list: (transfer full) (element-type BusWebhook): by name */
GPtrArray *bus_webhook_list(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_webhook_find: (transfer full): %BUS_ERROR_NOT_FOUND */
BusWebhook *bus_webhook_find(BusLog *log, const char *name,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_webhook_remove: with its subscription; %BUS_ERROR_NOT_FOUND */
bool bus_webhook_remove(BusLog *log, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_webhook_subscription: (transfer full): name of its subscription */
char *bus_webhook_subscription(const char *name);

/**
 * bus_webhook_payload:
 * @event: one that has a body
 *
 * Returns: (transfer full): what is posted: JSON of topic, msg (the body, byte for byte),
 * timestamp, msg_id and i, as Pagure posts it, and seq, actor, severity and objects
 */
char *bus_webhook_payload(const BusEvent *event);

/**
 * bus_webhook_headers:
 * @hook: whose secret signs
 * @instance: (nullable): our URL, for X-Pagure
 * @topic: for X-Pagure-Topic
 * @id: for X-Atoll-Id
 * @payload: what is signed
 *
 * Returns: (transfer full): lines "NAME: VALUE": X-Pagure-Signature (HMAC-SHA1 in hex),
 *   X-Pagure-Signature-256 (HMAC-SHA256) and what Pagure sends beside them
 */
char **bus_webhook_headers(const BusWebhook *hook, const char *instance, const char *topic,
                           const char *id, const char *payload);

/** bus_webhook_url_check: whether @url is one to post to */
bool bus_webhook_url_check(const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_webhook_is_private: whether @address is one that only machines nearby can reach: loopback,
 * link-local, private (RFC 1918, RFC 4193), shared, unspecified or multicast */
bool bus_webhook_is_private(GInetAddress *address);

G_END_DECLS
