/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/** BusNotifyKind: where notices go */
typedef enum { BUS_NOTIFY_MAIL, BUS_NOTIFY_WEBHOOK, BUS_NOTIFY_FEED } BusNotifyKind;

/**
 * BusNotify:
 * @name: (owned)
 * @topics: (owned): globs; empty for all
 * @objects: (owned): "kind:id" or globs of them, of which an event has to have one; empty for any
 * @exclude: (owned): globs of actors that one does not want to hear of
 * @severity_min: see #BusSeverity
 * @kind: see #BusNotifyKind
 * @address: (owned): mail address, URL, or "" for a feed
 * @secret: (owned) (nullable): key of a webhook's signatures
 * @digest_s: seconds in which events are collected for one notice; 0 for one each
 * @muted_until_us: what the log took before is not told
 *
 * A person's rule. Topics, objects, severity and exclusions all have to be met.
 */
typedef struct {
    char *name;
    char **topics;
    char **objects;
    char **exclude;
    unsigned severity_min;
    BusNotifyKind kind;
    char *address;
    char *secret;
    unsigned digest_s;
    int64_t muted_until_us;
} BusNotify;

void bus_notify_free(BusNotify *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusNotify, bus_notify_free)

/** bus_notify_matches: whether the rule wants to hear of @event */
bool bus_notify_matches(const BusNotify *self, const BusEvent *event);

/** bus_notify_parse_to: "mail:ADDRESS", "webhook:URL" or "feed" into @self */
bool bus_notify_parse_to(BusNotify *self, const char *text,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_notify_to: (transfer full): the other way, with a URL's password masked */
char *bus_notify_to(const BusNotify *self);

/** bus_notify_feed_path: (transfer full): path and query of the Atom feed with the rule's events */
char *bus_notify_feed_path(const BusNotify *self);

/** bus_notify_add: with its subscription, which starts after the newest event;
 * %BUS_ERROR_EXISTS, %BUS_ERROR_INVALID */
bool bus_notify_add(BusLog *log, const BusNotify *rule, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_notify_list: (transfer full) (element-type BusNotify): by name */
GPtrArray *bus_notify_list(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_notify_remove: with its subscription; %BUS_ERROR_NOT_FOUND */
bool bus_notify_remove(BusLog *log, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_notify_mute: until @until_us (0 ends it); %BUS_ERROR_NOT_FOUND */
bool bus_notify_mute(BusLog *log, const char *name, int64_t until_us,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_notify_subscription: (transfer full): name of its subscription */
char *bus_notify_subscription(const char *name);

/**
 * bus_notify_mail:
 * @self: a rule of the kind mail
 * @events: (element-type BusEvent): at least one
 * @from: sender's address
 * @instance: (nullable): URL of the server, for links
 *
 * Returns: (transfer full): the whole message (RFC 5322), lines ending in CRLF. Its Message-ID
 *   comes from the rule and the events, so that a mail that is sent again is known as the same
 */
char *bus_notify_mail(const BusNotify *self, GPtrArray *events, const char *from,
                      const char *instance);

G_END_DECLS
